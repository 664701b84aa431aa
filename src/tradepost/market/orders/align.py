"""Align the end dates of a buyer's services to one day of the month (统一到期日, business-rules §4.5). Pure functions.

An aligned renewal lasts until the first such day after its own end. The extra days are charged in proportion to the
monthly price. If the end already falls on that day, nothing is charged.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.base.values import replace
from tradepost.market.subscriptions.paid_time import period_end

from .pricing import PricedChoice, PriceLine

if TYPE_CHECKING:
    from datetime import date

MONTH_END = 31
DAYS = (*range(1, 29), MONTH_END)
"""Days that exist in every month, and the last day of the month."""


class Alignment(Struct, frozen=True, kw_only=True):
    """The aligned end ``until`` (exclusive). The buyer pays for ``days`` of the ``of_days`` in the following month."""

    until: datetime
    days: int
    of_days: int
    month_minor: int
    extra_minor: int


def aligned_end(end: datetime, day: int) -> datetime:
    """Return the first moment from ``end`` on with this day of the month, at the same time of day."""
    if day not in DAYS:
        raise ValueError("a day that every month has, or the last one")
    local = end.astimezone(timezone.get_default_timezone())
    aligned_date = _date_on_day(local.date(), day)
    if aligned_date < local.date():
        aligned_date = _date_on_day(local.date().replace(day=1) + timedelta(days=32), day)
    return (
        end
        if aligned_date == local.date()
        else local.replace(year=aligned_date.year, month=aligned_date.month, day=aligned_date.day).astimezone(UTC)
    )


def _date_on_day(date_in_month: date, day: int) -> date:
    last_day = calendar.monthrange(date_in_month.year, date_in_month.month)[1]
    return date_in_month.replace(day=last_day if day == MONTH_END else day)


def align(end: datetime, day: int, *, month: Money) -> Alignment | None:
    """Return the extra time from ``end`` to the next such day, priced by the monthly price ``month``.

    Amounts are rounded half up to the minor unit. None if ``end`` already falls on that day.
    """
    until = aligned_end(end, day)
    days, of_days = _days(end, until), _days(end, period_end(end, "month", 1))
    if days == 0:
        return None
    extra_minor = (2 * month.minor * days + of_days) // (2 * of_days)
    return Alignment(until=until, days=days, of_days=of_days, month_minor=month.minor, extra_minor=extra_minor)


def _days(start: datetime, end: datetime) -> int:
    zone = timezone.get_default_timezone()
    return (end.astimezone(zone).date() - start.astimezone(zone).date()).days


def is_priced_from(end: datetime, until: datetime, lines: Sequence[PriceLine]) -> bool:
    """Return whether these price lines pay for exactly the days between ``end`` and ``until``."""
    return sum(line.days for line in lines) == _days(end, until)


def with_alignment(priced: PricedChoice, alignment: Alignment) -> PricedChoice:
    """Return the price of an aligned renewal, with one more price line for the extra days."""
    extra_line = PriceLine(
        units=1,
        unit_minor=alignment.month_minor,
        periods=1,
        amount_minor=alignment.extra_minor,
        days=alignment.days,
        of_days=alignment.of_days,
    )
    total = Money(priced.total.minor + alignment.extra_minor, priced.total.currency)
    return replace(priced, total=total, lines=(*priced.lines, extra_line))
