"""Forecast the usage and price of a month at the recent pace (pure functions).

The pace is that of the last seven days, or since the start of the service if shorter, but at least one day. A day
without reports counts as unused, because sellers report only positive usage (openapi-jointkit §C.5).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal, localcontext

from msgspec import Struct

from tradepost.market.base.money import Money

from .rate import Rate

PACE_TIME = timedelta(days=7)
MIN_OBSERVED = timedelta(days=1)
REPORT_DELAY = timedelta(days=1)
"""Time in which reports may still arrive; later missing usage counts as none."""


class KnownUsage(Struct, frozen=True, kw_only=True):
    """Known usage of a service, in ten-thousandths of a unit."""

    this_month: int
    """Usage since the start of the month."""
    lately: int
    """Usage in [``pace_begins``, ``known_until``)."""
    priced_quantity: int = 0
    priced: Decimal = Decimal(0)
    """Exact price of ``priced_quantity`` of this month, for prices that do not accumulate by month."""
    covered: int = 0
    """Usage covered by packages: deducted this month, and remaining quotas."""


class Window(Struct, frozen=True, kw_only=True):
    """Time of the pace, and time of the forecast."""

    pace_begins: datetime
    known_until: datetime
    month_ends: datetime

    @property
    def observed(self) -> timedelta:
        return self.known_until - self.pace_begins

    @property
    def left(self) -> timedelta:
        return max(self.month_ends - self.known_until, timedelta())


class Forecast(Struct, frozen=True, kw_only=True):
    """Forecast of the whole month: known and expected usage."""

    quantity: int
    amount: Money
    a_day: int
    """Average usage per day."""
    window: Window


def window(
    *, began_at: datetime, reported_until: datetime | None, month_ends: datetime, now: datetime
) -> Window | None:
    """Return the time window; None if too little is known or the month is over."""
    known_until = min(max(reported_until or began_at, now - REPORT_DELAY), now)
    begins = max(began_at, known_until - PACE_TIME)
    if known_until - begins < MIN_OBSERVED or known_until >= month_ends:
        return None
    return Window(pace_begins=begins, known_until=known_until, month_ends=month_ends)


def forecast(rate: Rate, usage: KnownUsage, time_window: Window, *, adds_up_over_month: bool) -> Forecast | None:
    """Return the forecast; None if no price is known yet for usage that does not accumulate by month."""
    quantity = usage.this_month + _part(usage.lately, time_window.left, time_window.observed)
    charged_quantity = max(quantity - usage.covered, 0)
    if adds_up_over_month or not charged_quantity:
        exact_amount = rate.of(charged_quantity)
    elif usage.priced_quantity:
        with localcontext(prec=50):
            exact_amount = usage.priced * charged_quantity / usage.priced_quantity
    else:
        return None
    a_day = _part(usage.lately, timedelta(days=1), time_window.observed)
    return Forecast(quantity=quantity, amount=Money.of(exact_amount, rate.currency), a_day=a_day, window=time_window)


def _part(quantity: int, part_time: timedelta, whole_time: timedelta) -> int:
    """Return the share of a quantity for part of a time, rounded to a ten-thousandth."""
    second = timedelta(seconds=1)
    whole_seconds, part_seconds = whole_time // second, part_time // second
    return (2 * quantity * part_seconds + whole_seconds) // (2 * whole_seconds)
