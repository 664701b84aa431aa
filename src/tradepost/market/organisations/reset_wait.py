"""How soon an administrator may generate another password for the same account (business-rules §11.2). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class ResetLimits(Struct, frozen=True, kw_only=True):
    """``apart``: minimum time between two; at most ``hourly`` in an hour and ``daily`` in a day."""

    apart: timedelta
    hourly: int
    daily: int


def reset_wait(before: Sequence[datetime], gaps: ResetLimits, *, now: datetime) -> timedelta:
    """Return the remaining wait; zero if it is allowed now. ``before``: earlier times, newest first, covering at
    least the last day."""
    free_times = [before[0] + gaps.apart] if before else []
    if len(before) >= gaps.hourly:
        free_times.append(before[gaps.hourly - 1] + HOUR)
    if len(before) >= gaps.daily:
        free_times.append(before[gaps.daily - 1] + DAY)
    return max([at - now for at in free_times if at > now], default=timedelta())
