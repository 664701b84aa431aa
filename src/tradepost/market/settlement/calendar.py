"""When statements are made, and which month they are of (business-rules §8.1). Pure."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

from tradepost.market.base.working_days import Calendar, is_workday

AT = time(2, 0)
"""Behind what is done at night."""


def month_of(at: datetime, zone: tzinfo) -> date:
    """The first day of the month of a moment."""
    return at.astimezone(zone).date().replace(day=1)


def month_before(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)


def month_after(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def begins(day: date, zone: tzinfo) -> datetime:
    """The first moment of a day, or of the month that begins with it."""
    return datetime.combine(day, time.min, zone)


def run_at(month: date, *, day: int, zone: tzinfo, calendar: Calendar = is_workday) -> datetime:
    """When in this month the statements of the month before are made: on the given day, or the next working day."""
    at = month.replace(day=day)
    while not calendar(at)[0]:
        at += timedelta(days=1)
    return datetime.combine(at, AT, zone)


def next_run(now: datetime, *, day: int, zone: tzinfo, calendar: Calendar = is_workday) -> datetime:
    """The first such moment after now."""
    month = month_before(month_of(now, zone))
    while (at := run_at(month, day=day, zone=zone, calendar=calendar)) <= now:
        month = month_after(month)
    return at.astimezone(now.tzinfo)
