"""What a month of usage will have cost when it is over, if it goes on as it did lately: pure.

The pace is that of the last seven days, or of the time since the service began where that is shorter, and at least of a whole
day: before that nothing is foretold. Who reports nothing for a day did not use it: sellers report above zero only
(openapi-jointkit §C.5).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal, localcontext

from msgspec import Struct

from tradepost.market.base.money import Money

from .rate import Rate

LOOKS_BACK = timedelta(days=7)
LEAST = timedelta(days=1)
SILENCE = timedelta(days=1)
"""For so long what was not reported may still come; what is missing after that was not used."""


class Seen(Struct, frozen=True, kw_only=True):
    """What is known of a service. Quantities are ten-thousandths of a unit."""

    this_month: int
    """Used since the month began."""
    lately: int
    """Used in [``pace_begins``, ``known_until``)."""
    priced_quantity: int = 0
    priced: Decimal = Decimal(0)
    """What so much of this month cost, exactly: of what does not add up over the month."""
    covered: int = 0
    """What packages took of this month, and what is left of those that hold now: it costs nothing more."""


class Window(Struct, frozen=True, kw_only=True):
    """Of which time the pace is, and for which time it is expected to hold."""

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
    """Of the whole month: what was used and what is expected together."""

    quantity: int
    amount: Money
    a_day: int
    """The pace: used in a day, on the mean."""
    window: Window


def window(
    *, began_at: datetime, reported_until: datetime | None, month_ends: datetime, now: datetime
) -> Window | None:
    """None where too little is known yet, or the month is over."""
    known_until = min(max(reported_until or began_at, now - SILENCE), now)
    begins = max(began_at, known_until - LOOKS_BACK)
    if known_until - begins < LEAST or known_until >= month_ends:
        return None
    return Window(pace_begins=begins, known_until=known_until, month_ends=month_ends)


def forecast(rate: Rate, seen: Seen, over: Window, *, adds_up_over_month: bool) -> Forecast | None:
    """None where the price of what does not add up over the month is not known yet: nothing of it was charged."""
    quantity = seen.this_month + _part(seen.lately, over.left, over.observed)
    charged = max(quantity - seen.covered, 0)
    if adds_up_over_month or not charged:
        exact = rate.of(charged)
    elif seen.priced_quantity:
        with localcontext(prec=50):
            exact = seen.priced * charged / seen.priced_quantity
    else:
        return None
    a_day = _part(seen.lately, timedelta(days=1), over.observed)
    return Forecast(quantity=quantity, amount=Money.of(exact, rate.currency), a_day=a_day, window=over)


def _part(quantity: int, of: timedelta, all_of: timedelta) -> int:
    """So much of a quantity as one time is of another, rounded to a ten-thousandth."""
    second = timedelta(seconds=1)
    whole, part = all_of // second, of // second
    return (2 * quantity * part + whole) // (2 * whole)
