"""Is a kept connection still good? Django asks the server before each request; here the socket mostly answers.

A server that ended the connection (it was restarted, or cut idle ones off) has said so on the socket: it is readable
although nothing was asked. A silent network is noticed by the question that Django asks, after a pause in use.
"""

from __future__ import annotations

import select
import time

from django.db.backends.postgresql import base

FRESH = 15.0
"""Seconds since the last use within which a quiet socket is proof enough."""


class DatabaseWrapper(base.DatabaseWrapper):
    _used_at = 0.0

    def is_usable(self) -> bool:
        last, self._used_at = self._used_at, time.monotonic()
        if self._used_at - last < FRESH and not self.errors_occurred and self.is_quiet():
            return True
        return bool(super().is_usable())

    def is_quiet(self) -> bool:
        """Nothing came from the server that nobody asked for, such as its good-bye."""
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return not poll.poll(0)
