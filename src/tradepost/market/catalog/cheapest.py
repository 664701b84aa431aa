"""The least that one can pay for a product and have something of it: what a card says and lists are sorted by. Pure.

A price of one unit is not that: who must take five seats for three months pays fifteen times as much.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from tradepost.market.base.money import MINOR_DIGITS, Money
from tradepost.market.product_types.charging import Charging, charging
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

from .document import NO_TEXT, NONE, Factor, Price, Quantity, Sku, minor_bands, usage_bands
from .price_models import corners, of_units


class Least(Struct, frozen=True, kw_only=True):
    """The smallest purchase by one price of one SKU. ``minor`` is what is paid at once: zero for what is postpaid, which
    costs ``usage_price`` main units for each ``usage_unit``."""

    charging_mode: ChargingMode
    minor: int
    currency: str
    period_type: str = ""
    periods: int = 1
    quantity: int = 1
    counted: bool = False
    """Whether there is a quantity to choose, so that it must be said."""
    unit: Text = NO_TEXT
    """What is bought by number."""
    usage_price: Decimal = NONE
    usage_unit: Text = NO_TEXT
    trial: bool = False

    @property
    def charging(self) -> Charging:
        return charging(self.charging_mode)

    @property
    def total(self) -> Money:
        return Money(self.minor, self.currency)


def least(sku: Sku, price: Price, currency: str) -> Least:
    """Of one price: the quantity and duration that together cost the least, by the one pricing function. A tier may make
    more units cheaper than few, so each corner of the bands is looked at; of equal ones the smallest counts."""
    quantity = sku.quantity or Quantity()
    periods = min(price.period_numbers, default=1)
    digits = MINOR_DIGITS[currency]
    units, minor = quantity.least, 0
    if not price.charging.postpaid:
        bands, amount = minor_bands(price, digits), int((price.amount or NONE).scaleb(digits))
        costs = [
            (of_units(price.model, amount, bands, q), q)
            for q in corners(bands, least=quantity.least, most=quantity.most, step=quantity.step)
        ]
        minor, units = min(costs)
    return Least(
        charging_mode=price.charging_mode, minor=minor * periods, currency=currency, period_type=price.period_type,
        periods=periods, quantity=units, counted=quantity.most > quantity.least, unit=quantity.name,
        usage_price=first_usage_price(price.factors[0]) if price.factors else NONE, usage_unit=price.unit, trial=price.trial,
    )  # fmt: skip


def first_usage_price(factor: Factor) -> Decimal:
    """What usage of a factor costs from its first band that is not free."""
    if not factor.model.banded:
        return factor.amount or NONE
    return next((each for _upto, each in usage_bands(factor) if each), NONE)


def cheapest(every: Iterable[Least]) -> Least | None:
    """The lowest of what one can simply buy. What is paid by usage cannot be compared with that, so it counts where there
    is nothing else; a package, which needs something first, and a trial, which ends, come last."""
    return min(every, key=_rank, default=None)


def _rank(one: Least) -> tuple[bool, bool, bool, int, Decimal]:
    mode = one.charging
    return one.trial, mode.needs is not None, mode.postpaid, one.minor, one.usage_price
