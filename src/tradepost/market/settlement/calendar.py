"""Dates of statements and their months (business-rules §8.1). Pure functions."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

from tradepost.market.base.working_days import Calendar, is_workday

RUN_TIME = time(2, 0)
"""After the nightly tasks."""


def month_of(at: datetime, zone: tzinfo) -> date:
    """Return the first day of the month of a moment."""
    return at.astimezone(zone).date().replace(day=1)


def month_before(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)


def month_after(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def start_of(day: date, zone: tzinfo) -> datetime:
    """Return the first moment of a day, or of the month that begins with it."""
    return datetime.combine(day, time.min, zone)


def run_at(month: date, *, day: int, zone: tzinfo, calendar: Calendar = is_workday) -> datetime:
    """Return when this month creates the statements of the previous month: on the given day or the next working day."""
    run_day = month.replace(day=day)
    while not calendar(run_day)[0]:
        run_day += timedelta(days=1)
    return datetime.combine(run_day, RUN_TIME, zone)


def next_run(now: datetime, *, day: int, zone: tzinfo, calendar: Calendar = is_workday) -> datetime:
    """Return the first such moment after ``now``."""
    month = month_before(month_of(now, zone))
    while (at := run_at(month, day=day, zone=zone, calendar=calendar)) <= now:
        month = month_after(month)
    return at.astimezone(now.tzinfo)
