"""How much a caller may ask, and how often it may be wrong.

Both are counted in the memory of one process: a market with N web processes allows N times the rate, and a caller that
guesses is locked by each process for itself. That keeps a hot path free of writes; the figures are limits of abuse, not quotas.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from threading import Lock

from limits import parse

from tradepost.market.base.config import config

MOST_FAILURES = 5
LOCK = timedelta(minutes=5)
"""More than five failures in a row lock the caller for five minutes (openapi-jointkit §C.1)."""
MOST_REMEMBERED = 10_000


@dataclass(slots=True)
class RateLimit:
    """Requests of one access key in a window, written as ``100/second``.

    The notation is that of ``limits``; the counting is ours, since its memory storage starts a thread for each count.
    """

    rate: str
    most_remembered: int = MOST_REMEMBERED
    _windows: OrderedDict[str, tuple[datetime, int]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)
    _amount: int = field(init=False)
    _length: timedelta = field(init=False)

    def __post_init__(self) -> None:
        item = parse(self.rate)
        self._amount, self._length = item.amount, timedelta(seconds=item.get_expiry())

    def wait(self, key: str, *, now: datetime) -> int:
        """Count a request: 0 when it may pass, else the whole seconds after which the next may."""
        with self._lock:
            start, count = self._windows.get(key, (now, 0))
            if not start <= now < start + self._length:
                start, count = now, 0
            if count >= self._amount:
                return math.ceil((start + self._length - now).total_seconds())
            self._windows[key] = (start, count + 1)
            self._windows.move_to_end(key)
            while len(self._windows) > self.most_remembered:
                self._windows.popitem(last=False)
            return 0


@dataclass(slots=True)
class _Record:
    failures: int = 0
    locked_until: datetime | None = None


@dataclass(slots=True)
class Lockout:
    """Failures in a row of each caller. Forgets the caller that was quiet longest when it knows too many."""

    most_remembered: int = MOST_REMEMBERED
    _records: OrderedDict[str, _Record] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def wait(self, caller: str, *, now: datetime) -> int:
        """0 when the caller may try, else the seconds until it may."""
        with self._lock:
            record = self._records.get(caller)
            if record is None or record.locked_until is None:
                return 0
            if now >= record.locked_until:
                del self._records[caller]
                return 0
            return math.ceil((record.locked_until - now).total_seconds())

    def failed(self, caller: str, *, now: datetime) -> None:
        with self._lock:
            record = self._records.setdefault(caller, _Record())
            self._records.move_to_end(caller)
            record.failures += 1
            if record.failures > MOST_FAILURES:
                record.locked_until = now + LOCK
            while len(self._records) > self.most_remembered:
                self._records.popitem(last=False)

    def succeeded(self, caller: str) -> None:
        with self._lock:
            self._records.pop(caller, None)


@cache
def rate_limit() -> RateLimit:
    """The one of this process."""
    return RateLimit(config().open_api_rate)


@cache
def lockout() -> Lockout:
    """The one of this process."""
    return Lockout()
