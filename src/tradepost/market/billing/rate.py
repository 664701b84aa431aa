"""What usage costs: pure. Prices telescope: a charge is the price of all that was used, less what was charged before, so that
neither the order nor the size of batches changes a coin (business-rules §3.3; design money.md §4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal, localcontext

from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.catalog.price_models import Bands, PriceModel, of_units
from tradepost.protocols.open_api.usage_items import SCALE

EXACT = Decimal("0.000000000001")
"""How fine prices are kept: a ten-thousandth of a unit times a price of eight decimals."""


class Rate(Struct, frozen=True, kw_only=True):
    """``price`` counts where the model has no bands, else ``bands``; in main units for one unit of usage."""

    model: PriceModel
    currency: str
    price: Decimal = Decimal(0)
    bands: Bands[Decimal] = ()
    by_record: bool = False
    """Bands are looked for in each record by itself; else in all that was used in the time that it adds up over."""

    def of(self, quantity: int) -> Decimal:
        """What so many ten-thousandths of a unit cost, exactly."""
        with localcontext(prec=50):
            return of_units(self.model, self.price, self.bands, Decimal(quantity) / SCALE).quantize(EXACT)


def rate_of(
    *, model: str, currency: str, price: Decimal, bands: Sequence[Sequence[str | None]], accumulation: str
) -> Rate:
    """As a meter keeps it."""
    found = PriceModel(model)
    return Rate(
        model=found, currency=currency, price=price, by_record=found.banded and not accumulation,
        bands=[(None if upto is None else Decimal(upto), Decimal(each or 0)) for upto, each in bands],
    )  # fmt: skip


class Added(Struct, frozen=True):
    """``times`` records (less those that were voided) of one ``quantity``; of usage that adds up, its sum, once."""

    quantity: int
    times: int = 1


class State(Struct, frozen=True):
    """Of an accumulation."""

    quantity: int = 0
    exact: Decimal = Decimal(0)
    charged_minor: int = 0


def add(rate: Rate, before: State, added: Iterable[Added]) -> tuple[State, int]:
    """The state after, and what is to be charged now, in minor units; below zero it is a credit."""
    quantity, exact = before.quantity, before.exact
    for one in added:
        quantity += one.quantity * one.times
        if rate.by_record:
            exact += rate.of(one.quantity) * one.times
    if not rate.by_record:
        exact = rate.of(quantity)
    total = Money.of(exact, rate.currency).minor
    return State(quantity, exact, total), total - before.charged_minor
