"""Limits concurrent requests that may write or hash a password, so that requests that only read never wait behind them.

SQLite allows one writer at a time, and on PostgreSQL many may wait for one row; a hash takes 20 MB and a core. Requests
wait for a slot outside of the threads, for a limited time, and then get the same answer as for a busy database.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass

from django.db import OperationalError
from django.http import HttpRequest

from .fair_queue import FairQueue

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
SLOT_TIMEOUT = 5.0
"""Maximum seconds to wait for a slot, like SQLite's lock timeout: after a longer silence people submit a form again."""
MAX_WRITERS_ON_SQLITE = 4
"""One request writes; the others are before or after their transaction."""
MAX_CONCURRENT_HASHES = 1 if (os.cpu_count() or 1) <= 2 else 2
"""Concurrent hashes, such as for sign-ins. A hash takes a core for 25 ms, and pages need one too. About thirty people a
second can sign in."""
SLOT_REFUSED = "tradepost.turned_away"
"""Key in the environment of a request that got no slot."""

type Begin = Callable[[], None]


class NoSlot(OperationalError):
    """No write slot became free; nothing was done. Answered like a busy database (``busy.is_busy``)."""


def writer_slots(threads: int, *, sqlite: bool) -> int:
    """Return how many of ``threads`` requests may write: a few on SQLite, which allows one writer at a time, otherwise
    most."""
    max_writers = MAX_WRITERS_ON_SQLITE if sqlite else threads - threads // 4
    return max(1, min(max_writers, threads - 1))


@dataclass(slots=True, eq=False)
class _Waiting:
    begin: Begin
    timeout: asyncio.TimerHandle | None = None


class Slots:
    """``number`` slots, given to clients in turn, at most ``of_one`` of them to the same client. Runs in the event
    loop. ``wait``: maximum seconds to wait for a slot."""

    def __init__(self, number: int, *, wait: float, of_one: int | None = None) -> None:
        self._free = number
        self._wait = wait
        self._queue: FairQueue[_Waiting] = FairQueue(at_once=of_one or number)

    def take(self, client: str, begin: Begin, turned_away: Begin) -> None:
        """Call ``begin`` once a slot is free, which is held until ``leave``; or ``turned_away`` after the timeout."""
        waiting = _Waiting(begin)
        waiting.timeout = asyncio.get_running_loop().call_later(self._wait, self._give_up, client, waiting, turned_away)
        self._queue.put(client, waiting)
        self._begin()

    def leave(self, client: str) -> None:
        self._free += 1
        self._queue.finished(client)
        self._begin()

    def _begin(self) -> None:
        while self._free and (item := self._queue.take()):
            self._free -= 1
            _client, waiting = item
            if waiting.timeout:
                waiting.timeout.cancel()
            waiting.begin()

    def _give_up(self, client: str, waiting: _Waiting, turned_away: Begin) -> None:
        self._queue.remove(client, waiting)
        turned_away()


def require_slot(request: HttpRequest) -> None:
    """Raise ``NoSlot`` if this request was turned away."""
    if request.META.get(SLOT_REFUSED):
        raise NoSlot("others write")
