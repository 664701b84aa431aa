"""Until when a submission is to be decided: so many working days after it came (business-rules §2.4). Pure.

A working day is one of China's calendar, where Saturdays make up for long holidays. Its days are announced each autumn for
the next year; until the installed calendar has them, Monday to Friday count, and ``Due.certain`` is false.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

import chinese_calendar


@dataclass(frozen=True, slots=True)
class Promise:
    """``days``: working days; ``closes``: the local time at which a working day ends. From ``busy_from`` submissions of a
    seller a day on, each gets ``busy_extra`` days more."""

    days: int
    busy_from: int
    busy_extra: int
    closes: time = time(18)


@dataclass(frozen=True, slots=True)
class Due:
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


def promised_days(promise: Promise, *, sent_today: int) -> int:
    """``sent_today``: submissions of the same seller on the same local day, this one among them."""
    return promise.days + (promise.busy_extra if sent_today >= promise.busy_from else 0)


def holidays_known(at: datetime, *, zone: tzinfo) -> bool:
    """Whether the calendar has the year of this moment."""
    return is_workday(at.astimezone(zone).date())[1]
