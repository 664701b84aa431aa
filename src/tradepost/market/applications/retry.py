"""When a failed run of sync calls is retried. No I/O (openapi-jointkit §A.5)."""

from __future__ import annotations

from datetime import datetime, timedelta

from .models import Sync

FIRST_DELAY = timedelta(minutes=1)
MAX_DELAY = timedelta(hours=1)
MAX_DELAY_FOR_RIGHTS = timedelta(minutes=10)
"""For members who lose a right and for enterprises that are unbound."""
_RIGHTS = frozenset({Sync.Kind.WITHDRAW.value, Sync.Kind.UNBIND.value})


def next_attempt(kind: str, *, tries: int, now: datetime, give_up_at: datetime) -> datetime | None:
    """Return the time of the next call after ``tries`` failures in a row (from 1); None when retries are over.

    Delays double from one minute on. The last call is made exactly at ``give_up_at``.
    """
    if now >= give_up_at:
        return None
    max_delay = MAX_DELAY_FOR_RIGHTS if kind in _RIGHTS else MAX_DELAY
    delay = min(FIRST_DELAY * (1 << min(tries - 1, 20)), max_delay)
    return min(now + delay, give_up_at)
