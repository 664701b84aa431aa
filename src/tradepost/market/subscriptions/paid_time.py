"""Calendar arithmetic of paid time in the market's time zone (business-rules §4.4, §4.5). Pure functions."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta, tzinfo

from django.utils import timezone


def period_end(start: datetime, period_type: str, number: int, *, zone: tzinfo | None = None) -> datetime:
    """Return the moment ``number`` days, months or years after ``start`` (before it, if negative). A missing day of the
    month becomes the last day.

    The market's time zone decides the calendar day: a month bought on the morning of 1 March, while it is still
    February in UTC, ends on 1 April and not 29 March. ``zone``: another time zone for values computed there.
    """
    local = start.astimezone(zone or timezone.get_default_timezone())
    if period_type == "day":
        return (local + timedelta(days=number)).astimezone(UTC)  # same time of day, also across a change of the clocks
    months = number * (12 if period_type == "year" else 1)
    year, month0 = divmod(local.year * 12 + local.month - 1 + months, 12)
    last_day = calendar.monthrange(year, month0 + 1)[1]
    return local.replace(year=year, month=month0 + 1, day=min(local.day, last_day)).astimezone(UTC)


def prolonged(began_at: datetime, end: datetime, period_type: str, number: int) -> datetime:
    """Return the moment ``number`` periods after ``end`` for a service that began at ``began_at``.

    The day of the month is that of the beginning where the month has it: monthly renewals after 31 January end on 28
    February and 31 March, as if bought at once.
    """
    months = 0 if period_type == "day" else months_between(began_at, end)
    if months > 0 and period_end(began_at, "month", months) == end:
        return period_end(began_at, "month", months + number * (12 if period_type == "year" else 1))
    return period_end(end, period_type, number)


def months_between(began_at: datetime, end: datetime, *, zone: tzinfo | None = None) -> int:
    """Return the difference in calendar months, ignoring days."""
    zone = zone or timezone.get_default_timezone()
    first, last = began_at.astimezone(zone), end.astimezone(zone)
    return (last.year - first.year) * 12 + last.month - first.month
