"""Places for requests that may write, fewer than a process works on at a time: who only reads never waits behind writers.

SQLite lets one write at a time, whatever the number of threads, and on PostgreSQL many may wait for one row. A writer that
waits in a slot of ``request_buffering`` keeps a reader out of it; so it waits before it has one, for a while, and is then
told to come again as by a database that is busy.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError
from django.http import HttpRequest

READING = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
WAIT = 5.0
"""Seconds for a place, as long as SQLite then waits for its lock: who hears nothing for longer sends the form again."""
MOST_WAITING = 100
"""Each holds one of the server's threads, which those that read need too."""
AT_ONCE_ON_SQLITE = 4
"""One writes; the others are before or behind their transaction, or the next ones."""
TURNED_AWAY = "tradepost.turned_away"
"""Key in the environment of a request that got no place."""


class NoPlace(OperationalError):
    """Others write; nothing was done. Answered as every database that is busy (``busy.is_busy``)."""


def places(threads: int, *, sqlite: bool) -> int:
    """How many of ``threads`` requests may be writers: a few, where one of them writes at a time; else most."""
    most = AT_ONCE_ON_SQLITE if sqlite else threads - threads // 4
    return max(1, min(most, threads - 1))


class Writers:
    """``number`` places. ``wait``: seconds for one; ``most_waiting`` who wait, the next is turned away at once."""

    def __init__(self, number: int, *, wait: float = WAIT, most_waiting: int = MOST_WAITING) -> None:
        self._places = threading.BoundedSemaphore(number)
        self._waiting = threading.BoundedSemaphore(most_waiting)
        self._wait = wait

    @contextmanager
    def place(self, environ: MutableMapping[str, Any]) -> Iterator[None]:
        """A place for a request that may write, while it is worked on; without one it is marked ``TURNED_AWAY``."""
        if environ.get("REQUEST_METHOD", "GET") in READING:
            yield
            return
        if not self._take():
            environ[TURNED_AWAY] = True
            yield
            return
        try:
            yield
        finally:
            self._places.release()

    def _take(self) -> bool:
        if self._places.acquire(blocking=False):
            return True
        if not self._waiting.acquire(blocking=False):
            return False
        try:
            return self._places.acquire(timeout=self._wait)
        finally:
            self._waiting.release()


def must_have_a_place(request: HttpRequest) -> None:
    """Raises ``NoPlace`` when this request was turned away."""
    if request.META.get(TURNED_AWAY):
        raise NoPlace("others write")
