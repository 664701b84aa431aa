"""How soon an administrator may make another password for the same account (business-rules §11.2). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Gaps(Struct, frozen=True, kw_only=True):
    """``apart``: time between two; at most ``hourly`` in an hour and ``daily`` in a day."""

    apart: timedelta
    hourly: int
    daily: int


def reset_wait(before: Sequence[datetime], gaps: Gaps, *, now: datetime) -> timedelta:
    """How long to wait still, zero when it may be now. ``before``: when it was done, newest first, at least the last day's."""
    free = [before[0] + gaps.apart] if before else []
    if len(before) >= gaps.hourly:
        free.append(before[gaps.hourly - 1] + HOUR)
    if len(before) >= gaps.daily:
        free.append(before[gaps.daily - 1] + DAY)
    return max([at - now for at in free if at > now], default=timedelta())
