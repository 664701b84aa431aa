"""When a failed run of sync calls is retried (openapi-jointkit §A.5). Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from .models import Sync

FIRST = timedelta(minutes=1)
LONGEST = timedelta(hours=1)
LONGEST_FOR_RIGHTS = timedelta(minutes=10)
"""For people who lose a right, and for enterprises that are unbound."""
_RIGHTS = frozenset({Sync.Kind.WITHDRAW.value, Sync.Kind.UNBIND.value})


def next_try(kind: str, *, tries: int, now: datetime, give_up_at: datetime) -> datetime | None:
    """The time of the next call after so many failures in a row (from 1); None when retries are over. Waits double from a minute
    on; the last call is made exactly at ``give_up_at``."""
    if now >= give_up_at:
        return None
    longest = LONGEST_FOR_RIGHTS if kind in _RIGHTS else LONGEST
    wait = min(FIRST * (1 << min(tries - 1, 20)), longest)
    return min(now + wait, give_up_at)
