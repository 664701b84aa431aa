"""How many requests are under way at once: as many as the seller reads side by side, one where it reads one at a time.

A tester's haste must never look like a seller's mistake, so the number starts at one, grows only after the seller was seen
to read a second request while a first one was still arriving, and falls for good at the first sign of a queue.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .http_client import Received

FIRST = 4
"""Requests at once when the seller is known to read several; one more after each answer that came well."""
BUSY = frozenset({429, 502, 503, 504})


class ConcurrencyLimit:
    """``most``: the limit that a person chose."""

    def __init__(self, most: int) -> None:
        self.most = max(1, most)
        self.limit = 1
        self._under_way = 0
        self._fell_at = 0.0
        self._changed = Condition()

    @property
    def parallel(self) -> bool:
        """Whether a request may meet others of this run."""
        return self.limit > 1

    def widen(self) -> None:
        """The seller reads requests side by side."""
        with self._changed:
            self.limit = min(FIRST, self.most)
            self._changed.notify_all()

    def narrow(self) -> None:
        """From now on one at a time."""
        with self._changed:
            self.most = self.limit = 1

    @contextmanager
    def slot(self) -> Iterator[bool]:
        """Waits until one more may be sent; gives whether it is the only one."""
        with self._changed:
            self._changed.wait_for(lambda: self._under_way < self.limit)
            self._under_way += 1
            alone = self._under_way == 1
        try:
            yield alone
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def learn(self, received: Received, began: float) -> None:
        """``began``: when it was sent. What was under way when the number fell last says nothing new."""
        with self._changed:
            if not self.parallel or began < self._fell_at:
                return
            if received.fault in {"no_answer", "too_slow"} or received.status in BUSY or received.queued:
                self.most = self.limit = self.limit // 2
                self._fell_at = time.monotonic()
            elif self.limit < self.most:
                self.limit += 1
                self._changed.notify_all()
