"""Working days of China's calendar, in which some Saturdays replace long holidays. Pure.

The days are announced each autumn for the next year. Until the installed calendar has them, Monday to Friday count,
and ``Due.certain`` is false."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, tzinfo

import chinese_calendar
from msgspec import Struct


class Deadline(Struct, frozen=True):
    at: datetime
    certain: bool
    """Whether the holidays of all these days are known."""


def is_workday(day: date) -> tuple[bool, bool]:
    """Return whether a day is a working day, and whether that is certain."""
    try:
        return bool(chinese_calendar.is_workday(day)), True
    except NotImplementedError:
        return day.weekday() < 5, False  # Monday to Friday


type Calendar = Callable[[date], tuple[bool, bool]]


def deadline_of(
    came_at: datetime, days: int, *, zone: tzinfo, closes: time, calendar: Calendar = is_workday
) -> Deadline:
    """Return the end of the ``days``-th working day after the local day of ``came_at``."""
    day, days_left, certain = came_at.astimezone(zone).date(), days, True
    while days_left > 0:
        day += timedelta(days=1)
        is_working, is_known = calendar(day)
        days_left -= is_working
        certain = certain and is_known
    return Deadline(datetime.combine(day, closes, zone), certain)


def are_holidays_known(at: datetime, *, zone: tzinfo) -> bool:
    """Return whether the calendar covers the year of this time."""
    return is_workday(at.astimezone(zone).date())[1]
