"""The lowest price of a usable purchase, which cards show and lists sort by. Pure.

The price of one unit would mislead: a minimum of five seats for three months costs fifteen times as much."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from tradepost.market.base.money import MINOR_DIGITS, Money
from tradepost.market.product_types.charging import Charging, charging_of
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

from .document import NO_TEXT, NONE, Factor, Price, Quantity, Sku, minor_bands, usage_bands
from .price_models import corners, of_units


class LowestPrice(Struct, frozen=True, kw_only=True):
    """The smallest purchase at a price of a SKU. ``minor``: what is paid immediately; zero if postpaid, at
    ``usage_price`` main units for each ``usage_unit``."""

    charging_mode: ChargingMode
    minor: int
    currency: str
    period_type: str = ""
    periods: int = 1
    quantity: int = 1
    counted: bool = False
    """Whether the buyer chooses a quantity, so that it must be shown."""
    unit: Text = NO_TEXT
    """What is bought by number."""
    usage_price: Decimal = NONE
    usage_unit: Text = NO_TEXT
    trial: bool = False

    @property
    def charging(self) -> Charging:
        return charging_of(self.charging_mode)

    @property
    def total(self) -> Money:
        return Money(self.minor, self.currency)


def lowest_price(sku: Sku, price: Price, currency: str) -> LowestPrice:
    """Return the smallest purchase at a price: the quantity and duration with the lowest cost. With tiers, more units
    may cost less, so the corners of the bands are compared; of equal costs, the smallest quantity counts."""
    quantity = sku.quantity or Quantity()
    periods = min(price.period_numbers, default=1)
    digits = MINOR_DIGITS[currency]
    units, minor = quantity.least, 0
    if not price.charging.postpaid:
        bands, amount = minor_bands(price, digits), int((price.amount or NONE).scaleb(digits))
        costs = [
            (of_units(price.model, amount, bands, number), number)
            for number in corners(bands, least=quantity.least, most=quantity.most, step=quantity.step)
        ]
        minor, units = min(costs)
    return LowestPrice(
        charging_mode=price.charging_mode, minor=minor * periods, currency=currency, period_type=price.period_type,
        periods=periods, quantity=units, counted=quantity.most > quantity.least, unit=quantity.name,
        usage_price=first_usage_price(price.factors[0]) if price.factors else NONE, usage_unit=price.unit, trial=price.trial,
    )  # fmt: skip


def first_usage_price(factor: Factor) -> Decimal:
    """Return the price of usage in the first band that is not free."""
    if not factor.model.banded:
        return factor.amount or NONE
    return next((price for _upto, price in usage_bands(factor) if price), NONE)


def cheapest(candidates: Iterable[LowestPrice]) -> LowestPrice | None:
    """Return the lowest of the ordinary purchases. Prices by usage cannot be compared with these, so they count only
    if there are no others. Packages, which require another purchase, and trials come last."""
    return min(candidates, key=_rank, default=None)


def _rank(candidate: LowestPrice) -> tuple[bool, bool, bool, int, Decimal]:
    mode = candidate.charging
    return candidate.trial, mode.needs is not None, mode.postpaid, candidate.minor, candidate.usage_price
