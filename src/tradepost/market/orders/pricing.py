"""Price of a choice with its breakdown: pure functions, and the only place that multiplies prices, quantities and
durations.

Pages, quotes, orders, renewals, sandbox orders and refunds use it, so that they agree to the minor unit (business-rules
§3.3).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.base.values import as_dict
from tradepost.market.catalog import price_models
from tradepost.market.catalog.price_models import Bands, PriceModel

from .shares import decimal, share_of_days

if TYPE_CHECKING:
    from tradepost.market.catalog.models import Offer

ZERO = Decimal(0)


class PriceLine(Struct, frozen=True, kw_only=True):
    """One part of a price: ``units`` at ``unit_minor`` each for ``periods`` periods give ``amount_minor``."""

    units: int
    unit_minor: int
    periods: int
    amount_minor: int
    above: int = 0
    upto: int | None = None
    """Price band: more than ``above`` units, up to and including ``upto`` (None: no upper limit). 0 and None without
    bands."""
    days: int = 0
    of_days: int = 0
    """Days of a part of a month (``align``), rounded; 0 for whole periods."""

    @property
    def first(self) -> int:
        """First unit of the band."""
        return self.above + 1

    @property
    def share(self) -> str:
        """Part of a month as a decimal for display."""
        return decimal(Fraction(self.days, self.of_days)) if self.of_days else ""

    @property
    def share_rule(self) -> str:
        """Exact calculation of ``share``."""
        return share_of_days(self.days, self.of_days) if self.of_days else ""


class PricedChoice(Struct, frozen=True):
    unit: Money
    """Price of the first unit, for comparing offers."""
    quantity: int
    periods: int
    total: Money
    quota: Decimal = ZERO
    """Usage bought in advance; zero without a package."""
    lines: tuple[PriceLine, ...] = ()
    """Breakdown; the lines add up to the total."""


class Tariff(Struct, frozen=True, kw_only=True):
    """Inputs of a price, in minor units: ``unit_minor`` for a model without bands, otherwise ``bands``."""

    currency: str
    unit_minor: int = 0
    model: PriceModel = PriceModel.LINEAR
    bands: Bands[int] = ()
    quota: Decimal = ZERO
    """Usage per period and unit of quantity."""

    @staticmethod
    def of(offer: Offer) -> Tariff:
        return Tariff(
            currency=offer.currency,
            unit_minor=offer.price_minor,
            model=PriceModel(offer.model),
            bands=[(upto, band_price) for upto, band_price in offer.bands],
            quota=offer.quota,
        )


def calculate_price(tariff: Tariff, *, quantity: int, periods: int) -> PricedChoice:
    """Return the price of a quantity for a number of periods (1 for an offer without an end).

    Linear: unit price × quantity × periods; tiered and stepped models use their bands (business-rules §3.3). A trial's
    unit price is zero.
    """
    if quantity < 1 or periods < 1:
        raise ValueError("quantity and periods count from one")
    lines = tuple(price_lines(tariff, quantity=quantity, periods=periods))
    one_period = price_models.of_units(tariff.model, tariff.unit_minor, tariff.bands, quantity)
    total = Money(one_period * periods, tariff.currency)
    if sum(line.amount_minor for line in lines) != total.minor:
        raise ArithmeticError("the lines of a price add up to it")
    unit = price_models.unit_price(tariff.model, tariff.unit_minor, tariff.bands)
    quota = tariff.quota * quantity * periods
    return PricedChoice(Money(unit, tariff.currency), quantity, periods, total, quota, lines)


def price_lines(tariff: Tariff, *, quantity: int, periods: int) -> Iterator[PriceLine]:
    """Yield the parts of a price, lowest band first."""

    def line(units: int, unit_price: int, above: int = 0, upto: int | None = None) -> PriceLine:
        amount = units * unit_price * periods
        return PriceLine(
            units=units, unit_minor=unit_price, periods=periods, amount_minor=amount, above=above, upto=upto
        )  # fmt: skip

    above = 0
    match tariff.model:
        case PriceModel.LINEAR:
            yield line(quantity, tariff.unit_minor)
        case PriceModel.TIER:
            for upto, unit_price in tariff.bands:
                if upto is None or quantity <= upto:
                    yield line(quantity, unit_price, above, upto)
                    return
                above = upto
        case PriceModel.STEP:
            for upto, unit_price in tariff.bands:
                if quantity <= above:
                    return
                high = quantity if upto is None else min(upto, quantity)
                yield line(high - above, unit_price, above, upto)
                above = high


def as_stored(lines: Sequence[PriceLine]) -> list[dict[str, Any]]:
    return [as_dict(line) for line in lines]


def read_stored(plain: Sequence[Mapping[str, Any]] | None) -> tuple[PriceLine, ...]:
    """Load stored price lines; empty for older orders without them."""
    return tuple(PriceLine(**line) for line in plain or ())
