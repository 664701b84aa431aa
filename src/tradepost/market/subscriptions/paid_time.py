"""How long paid time lasts: pure rules over the market's calendar (business-rules §4.4, §4.5)."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta, tzinfo

from django.utils import timezone


def period_end(start: datetime, period_type: str, number: int, *, zone: tzinfo | None = None) -> datetime:
    """``number`` days, months or years after ``start`` (before it, when negative); a day that the month lacks becomes its
    last day.

    The calendar is that of the market's time zone, in which people read the moment: bought on the morning of 1 March
    there, while it is still February in UTC, a month lasts to the 1st of April, not to the 29th of March. ``zone``: another
    one, of what was computed there.
    """
    local = start.astimezone(zone or timezone.get_default_timezone())
    if period_type == "day":
        return (local + timedelta(days=number)).astimezone(
            UTC
        )  # the same time of day, also over a change of the clocks
    months = number * (12 if period_type == "year" else 1)
    year, month0 = divmod(local.year * 12 + local.month - 1 + months, 12)
    last = calendar.monthrange(year, month0 + 1)[1]
    return local.replace(year=year, month=month0 + 1, day=min(local.day, last)).astimezone(UTC)


def prolonged(begun: datetime, end: datetime, period_type: str, number: int) -> datetime:
    """``number`` periods after ``end``, of what began at ``begun``.

    The day is that of the beginning wherever the month has it: who began on 31 January and renews by the month has the
    28th of February and then the 31st of March, as if all had been bought at once.
    """
    months = 0 if period_type == "day" else months_between(begun, end)
    if months > 0 and period_end(begun, "month", months) == end:
        return period_end(begun, "month", months + number * (12 if period_type == "year" else 1))
    return period_end(end, period_type, number)


def months_between(begun: datetime, end: datetime, *, zone: tzinfo | None = None) -> int:
    """Months of the calendar from one to the other, whatever the days in them."""
    zone = zone or timezone.get_default_timezone()
    first, last = begun.astimezone(zone), end.astimezone(zone)
    return (last.year - first.year) * 12 + last.month - first.month
