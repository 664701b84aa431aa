"""Django's SQLite, whose writers wait for each other in order (``write_queue``), whose compiler remembers (``compiler``), and
whose cursor knows again how a statement is written for it; what it keeps as text is read without asking Django's settings.

Written against Django 6.1.
"""

from __future__ import annotations

import sqlite3
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, override

from django.db import OperationalError
from django.db.backends.sqlite3 import base
from django.db.backends.sqlite3.operations import DatabaseOperations as OfDjango
from django.utils.asyncio import async_unsafe

from tradepost.market.base.django_internals.remembering_compiler import Memory

from .write_queue import WriteQueue, queue_of

BUSY_TIMEOUT_MILLISECONDS = 5
"""Milliseconds for which SQLite itself asks for its lock, in steps of one and two, before it is told to begin anew: in its own way
it would soon ask ten times a second, and meet a lock that is free for a hundredth of that."""


class DatabaseOperations(OfDjango):
    compiler_module = "tradepost.market.base.django_internals.sqlite.compiler"

    def __init__(self, connection: base.DatabaseWrapper) -> None:
        super().__init__(connection)
        self.memory = Memory()

    @override
    def convert_datetimefield_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """As Django does, without asking its settings for each value: a service has ten."""
        if type(value) is str and self.connection.timezone is UTC:
            try:
                moment = datetime.fromisoformat(value)
            except ValueError:
                pass  # Django says what is wrong
            else:
                return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return super().convert_datetimefield_value(value, expression, connection)


CACHE_SIZE = 1000
"""Statements whose text for SQLite is kept: a market has about five hundred."""
MAX_CACHED_LENGTH = 10_000
"""Characters of one that is kept: longer ones insert many rows, and seldom come again."""


class Cursor(base.SQLiteCursorWrapper):
    """Django looks through each statement for its placeholders whenever it is executed, which was a thirtieth of a worker's time."""

    @override
    def execute(self, query: str, params: Any = None) -> Any:
        if type(params) in {tuple, list} and type(query) is str and len(query) <= MAX_CACHED_LENGTH:
            return sqlite3.Cursor.execute(self, _for_sqlite(query), params)
        return super().execute(query, params)


@lru_cache(maxsize=CACHE_SIZE)
def _for_sqlite(query: str) -> str:
    """With SQLite's placeholders, as Django writes them."""
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")


class DatabaseWrapper(base.DatabaseWrapper):
    """A transaction that writes begins when its turn in this process has come and no other process writes. It waits for
    ``OPTIONS["timeout"]`` in all, and then says what SQLite says."""

    ops_class = DatabaseOperations
    _queue: WriteQueue | None = None
    """That in which this connection has the place."""

    transaction_mode: str | None

    @async_unsafe
    @override
    def create_cursor(self, name: object = None) -> Any:
        return self.connection.cursor(factory=Cursor)

    def _start_transaction_under_autocommit(self) -> None:
        if self.transaction_mode != "IMMEDIATE" or self.is_in_memory_db():
            self._ask()
            return
        timeout = float(self.settings_dict["OPTIONS"].get("timeout", 5))
        until = time.monotonic() + timeout
        queue = queue_of(str(self.settings_dict["NAME"]))
        if not queue.enter(timeout):
            with self.wrap_database_errors:
                raise _locked()
        try:
            self._begin(until, timeout)
        except BaseException:
            queue.leave()
            raise
        self._queue = queue

    def _begin(self, until: float, timeout: float) -> None:
        self._wait_for(BUSY_TIMEOUT_MILLISECONDS)
        try:
            while True:
                try:
                    self._ask()
                except OperationalError as error:
                    if not _is_locked(error) or time.monotonic() >= until:
                        raise
                else:
                    return
        finally:
            self._wait_for(int(timeout * 1000))

    def _ask(self) -> None:
        super()._start_transaction_under_autocommit()  # type: ignore[misc]  # Django's, which the stubs leave out

    def _wait_for(self, milliseconds: int) -> None:
        self.connection.execute(f"PRAGMA busy_timeout = {milliseconds:d}")

    @override
    def commit(self) -> None:
        super().commit()
        self._leave()

    @override
    def rollback(self) -> None:
        try:
            super().rollback()
        finally:
            self._leave()

    @override
    def close(self) -> None:
        try:
            super().close()
        finally:
            self._leave()

    def _leave(self) -> None:
        queue, self._queue = self._queue, None
        if queue is not None:
            queue.leave()


def _locked() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return error


def _is_locked(error: OperationalError) -> bool:
    return getattr(error.__cause__, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
