"""The rate limit of requests per caller.

Only this limit is counted in memory per process: N web processes allow N times the rate. A count in the database would
add a write to every call, including reads. The rate protects a process against floods and is not a quota (decision
0100). Wrong signatures are counted for all processes (``identity/limits.py``).
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

MAX_CALLERS = 10_000


@dataclass(slots=True)
class RateLimit:
    """Requests of an access key in a window, written as ``100/second``.

    The notation is that of ``limits``. Its memory storage starts a thread per count, so counting is done here.
    """

    rate: str
    most_remembered: int = MAX_CALLERS
    _windows: OrderedDict[str, tuple[datetime, int]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)
    _amount: int = field(init=False)
    _length: timedelta = field(init=False)

    def __post_init__(self) -> None:
        item = parse(self.rate)
        self._amount, self._length = item.amount, timedelta(seconds=item.get_expiry())

    def wait(self, key: str, *, now: datetime) -> int:
        """Count a request. Return 0 if it may pass, else the seconds until the next one may."""
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


@cache
def rate_limit() -> RateLimit:
    """Return the rate limit of this process."""
    return RateLimit(config().open_api.open_api_rate)
