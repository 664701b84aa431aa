"""What a choice costs, explained: pure, and the one place where prices, quantities and durations are multiplied.

Page, quote, order, renewal, try-out and refund all ask here, so that they agree to the smallest coin (business-rules §3.3).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.base.values import as_dict
from tradepost.market.catalog import price_models
from tradepost.market.catalog.price_models import Bands, PriceModel

if TYPE_CHECKING:
    from tradepost.market.catalog.models import Offer

NONE = Decimal(0)


class PriceLine(Struct, frozen=True, kw_only=True):
    """One part of a price: ``units`` at ``unit_minor`` each, for ``periods`` periods, come to ``amount_minor``."""

    units: int
    unit_minor: int
    periods: int
    amount_minor: int
    above: int = 0
    upto: int | None = None
    """The band that it is priced by: more than ``above`` units, up to and with ``upto`` (None: all that are more). Of a
    price without bands, 0 and None."""
    days: int = 0
    of_days: int = 0
    """Of a part of a month (``align``): so many of its days, rounded; of whole periods, 0."""

    @property
    def first(self) -> int:
        """The first unit of its band."""
        return self.above + 1


class Priced(Struct, frozen=True):
    unit: Money
    """The price of the first unit, by which offers are compared."""
    quantity: int
    periods: int
    total: Money
    quota: Decimal = NONE
    """Usage that is bought in advance; zero where none is."""
    lines: tuple[PriceLine, ...] = ()
    """How the total comes about; they add up to it."""


class Tariff(Struct, frozen=True, kw_only=True):
    """What prices are computed from, in minor units: ``unit_minor`` counts where the model has no bands, else ``bands``."""

    currency: str
    unit_minor: int = 0
    model: PriceModel = PriceModel.LINEAR
    bands: Bands[int] = ()
    quota: Decimal = NONE
    """Of one period and one unit of quantity: who pays for more has more of it."""

    @staticmethod
    def of(offer: Offer) -> Tariff:
        return Tariff(
            currency=offer.currency,
            unit_minor=offer.price_minor,
            model=PriceModel(offer.model),
            bands=[(upto, each) for upto, each in offer.bands],
            quota=offer.quota,
        )


def price(tariff: Tariff, *, quantity: int, periods: int) -> Priced:
    """What so many units cost for so many periods (1 for what has no end).

    Linear: unit price × quantity × periods; tier and step by their bands (business-rules §3.3). A trial's unit price is
    zero, whatever its days.
    """
    if quantity < 1 or periods < 1:
        raise ValueError("quantity and periods count from one")
    lines = tuple(explain(tariff, quantity=quantity, periods=periods))
    one_period = price_models.of_units(tariff.model, tariff.unit_minor, tariff.bands, quantity)
    total = Money(one_period * periods, tariff.currency)
    if sum(line.amount_minor for line in lines) != total.minor:
        raise ArithmeticError("the lines of a price add up to it")
    unit = price_models.unit_price(tariff.model, tariff.unit_minor, tariff.bands)
    quota = tariff.quota * quantity * periods
    return Priced(Money(unit, tariff.currency), quantity, periods, total, quota, lines)


def explain(tariff: Tariff, *, quantity: int, periods: int) -> Iterator[PriceLine]:
    """The parts of a price, lowest band first."""

    def line(units: int, each: int, above: int = 0, upto: int | None = None) -> PriceLine:
        amount = units * each * periods
        return PriceLine(
            units=units, unit_minor=each, periods=periods, amount_minor=amount, above=above, upto=upto
        )  # fmt: skip

    above = 0
    match tariff.model:
        case PriceModel.LINEAR:
            yield line(quantity, tariff.unit_minor)
        case PriceModel.TIER:
            for upto, each in tariff.bands:
                if upto is None or quantity <= upto:
                    yield line(quantity, each, above, upto)
                    return
                above = upto
        case PriceModel.STEP:
            for upto, each in tariff.bands:
                if quantity <= above:
                    return
                high = quantity if upto is None else min(upto, quantity)
                yield line(high - above, each, above, upto)
                above = high


def as_stored(lines: Sequence[PriceLine]) -> list[dict[str, Any]]:
    return [as_dict(line) for line in lines]


def read_stored(plain: Sequence[Mapping[str, Any]] | None) -> tuple[PriceLine, ...]:
    """Lines as they were stored; nothing for what was ordered before they were kept."""
    return tuple(PriceLine(**line) for line in plain or ())
