"""What an order line costs: pure, and the one place that multiplies price, quantity and duration."""

from __future__ import annotations

from dataclasses import dataclass

from tradepost.market.base.money import Money


@dataclass(frozen=True, slots=True)
class Priced:
    unit: Money
    quantity: int
    periods: int
    total: Money


def price(unit: Money, *, quantity: int, periods: int) -> Priced:
    """Linear (business-rules §3.3): unit price × quantity × number of periods (1 for a one-time purchase)."""
    if quantity < 1 or periods < 1:
        raise ValueError("quantity and periods count from one")
    return Priced(unit, quantity, periods, unit.times(quantity * periods))
