"""Is a kept connection still good? Django asks the server before each request; here the socket mostly answers.

A server that ended the connection (it was restarted, or cut idle ones off) has said so on the socket: it is readable
although nothing was asked. A silent network is noticed by the question that Django asks, after a pause in use.

A server that only reads for now, during a failover or when its disk is full, is away rather than broken.

Written against Django 6.1.
"""

from __future__ import annotations

import select
import time
from types import TracebackType
from typing import override

from django.db import OperationalError
from django.db.backends.postgresql import base
from django.db.backends.postgresql.operations import DatabaseOperations as OfDjango
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property
from psycopg.errors import ReadOnlySqlTransaction

from tradepost.market.base.django_internals.remembering_compiler import Memory

FRESH_SECONDS = 15.0
"""Seconds since the last use within which a quiet socket is proof enough."""


class Errors(DatabaseErrorWrapper):
    wrapper: base.DatabaseWrapper

    @override
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(exc_value, ReadOnlySqlTransaction):  # Django would call it an InternalError, a fault of ours
            self.wrapper.errors_occurred = True
            raise OperationalError(*exc_value.args).with_traceback(traceback) from exc_value
        super().__exit__(exc_type, exc_value, traceback)


class DatabaseOperations(OfDjango):
    compiler_module = "tradepost.market.base.django_internals.postgresql.compiler"

    def __init__(self, connection: base.DatabaseWrapper) -> None:
        super().__init__(connection)
        self.memory = Memory()


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations
    _used_at = 0.0

    @cached_property
    def wrap_database_errors(self) -> DatabaseErrorWrapper:
        return Errors(self)

    def is_usable(self) -> bool:
        last_used_at, self._used_at = self._used_at, time.monotonic()
        if self._used_at - last_used_at < FRESH_SECONDS and not self.errors_occurred and self.is_quiet():
            return True
        return bool(super().is_usable())

    def is_quiet(self) -> bool:
        """Nothing came from the server that nobody asked for, such as its good-bye."""
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return not poll.poll(0)
