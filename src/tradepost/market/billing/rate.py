"""Price of usage (pure functions). A charge is the price of all usage less earlier charges, so the order and size of
batches do not matter (business-rules §3.3; design money.md §4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal, localcontext

from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.catalog.price_models import Bands, PriceModel, of_units
from tradepost.protocols.open_api.usage_items import SCALE

EXACT = Decimal("0.000000000001")
"""Precision of stored prices: a ten-thousandth of a unit times a price with eight decimals."""


class Rate(Struct, frozen=True, kw_only=True):
    """Rate of a meter: ``price`` without bands, otherwise ``bands``; in main units per unit of usage."""

    model: PriceModel
    currency: str
    price: Decimal = Decimal(0)
    bands: Bands[Decimal] = ()
    by_record: bool = False
    """Whether bands apply to each record; otherwise to the accumulated usage."""

    def of(self, quantity: int) -> Decimal:
        """Return the exact price of a quantity in ten-thousandths of a unit."""
        with localcontext(prec=50):
            return of_units(self.model, self.price, self.bands, Decimal(quantity) / SCALE).quantize(EXACT)


def rate_of(
    *, model: str, currency: str, price: Decimal, bands: Sequence[Sequence[str | None]], accumulation: str
) -> Rate:
    """Create the rate from the fields of a meter."""
    price_model = PriceModel(model)
    return Rate(
        model=price_model, currency=currency, price=price, by_record=price_model.banded and not accumulation,
        bands=[(None if upto is None else Decimal(upto), Decimal(band_price or 0)) for upto, band_price in bands],
    )  # fmt: skip


class Added(Struct, frozen=True):
    """``times`` records (less voids) of one ``quantity``; for accumulated usage, its sum once."""

    quantity: int
    times: int = 1


class State(Struct, frozen=True):
    """State of an accumulation."""

    quantity: int = 0
    exact: Decimal = Decimal(0)
    charged_minor: int = 0


def add(rate: Rate, before: State, added: Iterable[Added]) -> tuple[State, int]:
    """Return the new state, and the amount to charge in minor units; negative for a credit."""
    quantity, exact_amount = before.quantity, before.exact
    for item in added:
        quantity += item.quantity * item.times
        if rate.by_record:
            exact_amount += rate.of(item.quantity) * item.times
    if not rate.by_record:
        exact_amount = rate.of(quantity)
    total = Money.of(exact_amount, rate.currency).minor
    return State(quantity, exact_amount, total), total - before.charged_minor
