"""Working days: those of China's calendar, where Saturdays make up for long holidays. Pure.

Its days are announced each autumn for the next year; until the installed calendar has them, Monday to Friday count, and
``Due.certain`` is false.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, tzinfo

import chinese_calendar
from msgspec import Struct


class Due(Struct, frozen=True):
    at: datetime
    certain: bool
    """Whether the holidays of all these days are known."""


def is_workday(day: date) -> tuple[bool, bool]:
    """Whether people work that day, and whether that is certain."""
    try:
        return bool(chinese_calendar.is_workday(day)), True
    except NotImplementedError:
        return day.weekday() < 5, False  # Monday to Friday


type Calendar = Callable[[date], tuple[bool, bool]]


def due(came_at: datetime, days: int, *, zone: tzinfo, closes: time, calendar: Calendar = is_workday) -> Due:
    """The end of the ``days``-th working day after the local day on which it came."""
    day, left, certain = came_at.astimezone(zone).date(), days, True
    while left > 0:
        day += timedelta(days=1)
        works, known = calendar(day)
        left -= works
        certain = certain and known
    return Due(datetime.combine(day, closes, zone), certain)


def holidays_known(at: datetime, *, zone: tzinfo) -> bool:
    """Whether the calendar has the year of this moment."""
    return is_workday(at.astimezone(zone).date())[1]
