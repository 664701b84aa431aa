"""The prices of a product's document as a table: a row for each SKU, a column for each charging mode and period."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from tradepost.market.catalog.document import Document, Price, Sku, Spec
from tradepost.market.catalog.readable import WAYS, Words, price_parts, quantity_text
from tradepost.market.catalog.view import way_of
from tradepost.protocols.text import Text


class PriceView(Struct, frozen=True):
    amount: str
    conditions: Sequence[str]


class PriceRow(Struct, frozen=True):
    """A row of the table. ``prices``: one list for each column."""

    spec: str
    values: Sequence[str]
    quantity: str
    prices: Sequence[tuple[Words, Sequence[PriceView]]]


class PriceTable(Struct, frozen=True):
    columns: Sequence[Words]
    rows: Sequence[PriceRow]

    @property
    def has_quantity(self) -> bool:
        return any(row.quantity for row in self.rows)


def price_table(document: Document, *, currency: str) -> PriceTable:
    """Return all prices of a document, in the seller's order of specifications."""
    used_ways = {way_of(price) for _spec, _sku, price in document.prices()}
    ways = [way for way in WAYS if way in used_ways]
    rows = [_row(spec, sku, ways, currency) for spec in document.pricing.specs for sku in spec.skus]
    return PriceTable([WAYS[way] for way in ways], rows)


def _row(spec: Spec, sku: Sku, ways: Sequence[str], currency: str) -> PriceRow:
    attribute_values = [
        f"{_both(attribute.name)}: {_both(value.name)}"
        for attribute in spec.attributes
        for value in attribute.values
        if sku.values.get(attribute.code) == value.code
    ]
    prices = [(WAYS[way], [_price(price, currency) for price in sku.prices if way_of(price) == way]) for way in ways]
    return PriceRow(_both(spec.name), attribute_values, quantity_text(sku.quantity) if sku.quantity else "", prices)


def _price(price: Price, currency: str) -> PriceView:
    amount, *conditions = price_parts(price, currency)
    return PriceView(amount, conditions)


def _both(text: Text) -> str:
    """Return the text in both languages for reviewers; once if they are equal."""
    return " / ".join(dict.fromkeys(filter(None, (text.zh, text.en))))
