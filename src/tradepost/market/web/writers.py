"""Requests that may write, or hash a password: fewer at a time than a process works on, so that who only reads never waits
behind them.

SQLite lets one write at a time, whatever the number of threads, and on PostgreSQL many may wait for one row; a hash takes
20 MB and a core. Who waits for a place waits outside of the threads, for a while, and is then told to come again as by a
database that is busy.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass

from django.db import OperationalError
from django.http import HttpRequest

from .fair_queue import FairQueue

READING = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
WAIT = 5.0
"""Seconds for a place, as long as SQLite then waits for its lock: who hears nothing for longer sends the form again."""
AT_ONCE_ON_SQLITE = 4
"""One writes; the others are before or behind their transaction, or the next ones."""
HASHING_AT_ONCE = 1 if (os.cpu_count() or 1) <= 2 else 2
"""Log-ins and the like, whose hashes take a core for 25 ms: pages need one as well. Some thirty people a second get in."""
TURNED_AWAY = "tradepost.turned_away"
"""Key in the environment of a request that got no place."""

type Begin = Callable[[], None]


class NoPlace(OperationalError):
    """Others write; nothing was done. Answered as every database that is busy (``busy.is_busy``)."""


def places(threads: int, *, sqlite: bool) -> int:
    """How many of ``threads`` requests may be writers: a few, where one of them writes at a time; else most."""
    most = AT_ONCE_ON_SQLITE if sqlite else threads - threads // 4
    return max(1, min(most, threads - 1))


@dataclass(slots=True, eq=False)
class _Waiting:
    begin: Begin
    too_late: asyncio.TimerHandle | None = None


class Places:
    """``number`` places, given to clients in turn, ``of_one`` of them to the same client at most; everything in here happens in
    the event loop. ``wait``: seconds for one."""

    def __init__(self, number: int, *, wait: float, of_one: int | None = None) -> None:
        self._free = number
        self._wait = wait
        self._queue: FairQueue[_Waiting] = FairQueue(at_once=of_one or number)

    def take(self, client: str, begin: Begin, turned_away: Begin) -> None:
        """Calls ``begin`` once there is a place, which holds it until ``leave``; or ``turned_away`` when it takes too long."""
        waiting = _Waiting(begin)
        waiting.too_late = asyncio.get_running_loop().call_later(
            self._wait, self._give_up, client, waiting, turned_away
        )
        self._queue.put(client, waiting)
        self._begin()

    def leave(self, client: str) -> None:
        self._free += 1
        self._queue.finished(client)
        self._begin()

    def _begin(self) -> None:
        while self._free and (taken := self._queue.take()):
            self._free -= 1
            _client, waiting = taken
            if waiting.too_late:
                waiting.too_late.cancel()
            waiting.begin()

    def _give_up(self, client: str, waiting: _Waiting, turned_away: Begin) -> None:
        self._queue.remove(client, waiting)
        turned_away()


def must_have_a_place(request: HttpRequest) -> None:
    """Raises ``NoPlace`` when this request was turned away."""
    if request.META.get(TURNED_AWAY):
        raise NoPlace("others write")
