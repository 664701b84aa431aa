"""What an order line costs: pure, and the one place that multiplies price, quantity and duration."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tradepost.market.base.money import Money

NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class Priced:
    unit: Money
    quantity: int
    periods: int
    total: Money
    quota: Decimal = NONE
    """Usage that is bought in advance; zero where none is."""


def price(unit: Money, *, quantity: int, periods: int, quota: Decimal = NONE) -> Priced:
    """Linear (business-rules §3.3): unit price × quantity × number of periods (1 for what has no end).

    ``quota`` is that of one period and one unit of quantity: who pays for more has more of it.
    """
    if quantity < 1 or periods < 1:
        raise ValueError("quantity and periods count from one")
    times = quantity * periods
    return Priced(unit, quantity, periods, unit.times(times), quota * times)
