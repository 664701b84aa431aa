"""One day of the month on which a buyer's services end (统一到期日): pure rules over the market's calendar (business-rules §4.5).

A renewal that is aligned lasts until the first such day after its own end. The days in between are paid for in proportion to
the price of a month; where the end falls on that day already there is nothing to pay.
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

from .pricing import Priced, PriceLine

if TYPE_CHECKING:
    from datetime import date

MONTH_END = 31
DAYS = (*range(1, 29), MONTH_END)
"""Days that every month has, and its last one."""


class Alignment(Struct, frozen=True, kw_only=True):
    """``until``: the aligned end, exclusive. ``days`` of the ``of_days`` of the month that would follow are paid for."""

    until: datetime
    days: int
    of_days: int
    month_minor: int
    extra_minor: int


def aligned_end(end: datetime, day: int) -> datetime:
    """The first moment from ``end`` on that falls on this day of a month, at the same time of day."""
    if day not in DAYS:
        raise ValueError("a day that every month has, or the last one")
    local = end.astimezone(timezone.get_default_timezone())
    on = _on_day(local.date(), day)
    if on < local.date():
        on = _on_day(local.date().replace(day=1) + timedelta(days=32), day)
    return end if on == local.date() else local.replace(year=on.year, month=on.month, day=on.day).astimezone(UTC)


def _on_day(of_month: date, day: int) -> date:
    last = calendar.monthrange(of_month.year, of_month.month)[1]
    return of_month.replace(day=last if day == MONTH_END else day)


def align(end: datetime, day: int, *, month: Money) -> Alignment | None:
    """What it takes to go on from ``end`` to that day, by what a ``month`` costs, half a coin rounded up; None when the end
    falls on it already."""
    until = aligned_end(end, day)
    days, of_days = _days(end, until), _days(end, period_end(end, "month", 1))
    if days == 0:
        return None
    extra = (2 * month.minor * days + of_days) // (2 * of_days)
    return Alignment(until=until, days=days, of_days=of_days, month_minor=month.minor, extra_minor=extra)


def _days(start: datetime, end: datetime) -> int:
    zone = timezone.get_default_timezone()
    return (end.astimezone(zone).date() - start.astimezone(zone).date()).days


def is_priced_from(end: datetime, until: datetime, lines: Sequence[PriceLine]) -> bool:
    """Whether these lines pay for the very days from ``end`` on."""
    return sum(line.days for line in lines) == _days(end, until)


def with_alignment(priced: Priced, alignment: Alignment) -> Priced:
    """The price of a renewal that ends on that day: one line more."""
    extra = PriceLine(
        units=1,
        unit_minor=alignment.month_minor,
        periods=1,
        amount_minor=alignment.extra_minor,
        days=alignment.days,
        of_days=alignment.of_days,
    )
    total = Money(priced.total.minor + alignment.extra_minor, priced.total.currency)
    return replace(priced, total=total, lines=(*priced.lines, extra))
