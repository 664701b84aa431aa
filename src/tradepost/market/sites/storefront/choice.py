"""From what a buyer picked (or did not pick yet) to one offer, and all that could be picked instead. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from tradepost.market.base.numbers import whole_number
from tradepost.market.catalog.models import Offer, Product, Sku, Spec


class Picked(Struct, frozen=True, kw_only=True):
    """As a page sent it: anything may be missing, or no longer on sale."""

    spec: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    plan: str = ""
    periods: str = ""
    quantity: str = ""

    @staticmethod
    def of(query: Mapping[str, str]) -> Picked:
        return Picked(
            spec=query.get("spec", ""),
            values={name.removeprefix("attr_"): query[name] for name in query if name.startswith("attr_")},
            plan=query.get("plan", ""),
            periods=query.get("periods", ""),
            quantity=query.get("quantity", ""),
        )


class Option(Struct, frozen=True):
    """One value of an attribute. ``here`` marks the one that holds."""

    value: Mapping[str, Any]
    here: bool


class Attribute(Struct, frozen=True):
    code: str
    attribute: Mapping[str, Any]
    options: list[Option]


class Choice(Struct, frozen=True):
    """A complete choice: what holds, and beside each what else there is. ``quantity`` and ``periods`` are as typed."""

    specs: list[Spec]
    spec: Spec
    attributes: list[Attribute]
    sku: Sku
    offers: list[Offer]
    offer: Offer
    periods: str
    quantity: str

    def is_what(self, picked: Picked) -> bool:
        """Whether everything that was picked holds; nothing else may be ordered in its place."""
        values = {a.code: o.value["code"] for a in self.attributes for o in a.options if o.here}
        return (
            (not picked.spec or _is(self.spec, picked))
            and all(values.get(code) == value for code, value in picked.values.items())
            and picked.plan in {"", self.offer.plan}
            and picked.periods in {"", self.periods}
        )

    @property
    def trial(self) -> Offer | None:
        """How this can be tried for nothing, where it can be (business-rules §3.5)."""
        return next((offer for offer in self.offers if offer.trial), None)

    @property
    def counts(self) -> bool:
        """Whether there is a quantity to choose."""
        return self.sku.quantity_max > self.sku.quantity_min


def choose(product: Product, picked: Picked) -> Choice | None:
    """What holds: what was picked where it is on sale, else the first. None when nothing of the product is on sale.

    ``product`` comes from ``catalog.shelf_queries.product_on_sale``.
    """
    every = [spec for spec in product.specs.all() if _skus(spec)]
    specs = [spec for spec in every if not spec.hidden or _is(spec, picked)]
    if not specs:
        return None
    spec = next((s for s in specs if _is(s, picked)), specs[0])
    sku = _closest(_skus(spec), spec, picked.values)
    offers = list(sku.offers.all())
    first = next((o for o in offers if not o.trial), offers[0])
    offer = next((o for o in offers if o.plan == picked.plan), first)
    known = [str(number) for number in offer.period_numbers]
    periods = picked.periods if picked.periods in known else (known or ["1"])[0]
    return Choice(
        specs, spec, _attributes(spec, sku), sku, offers, offer, periods, picked.quantity or str(sku.quantity_min)
    )


def _is(spec: Spec, picked: Picked) -> bool:
    """Whether this one was picked. One that is hidden is known by its key alone, which its own link has: a number could be
    guessed (business-rules §2.8)."""
    return picked.spec in ({spec.key} if spec.hidden else {spec.key, str(spec.pk)})


def _skus(spec: Spec) -> list[Sku]:
    return [sku for sku in spec.skus.all() if sku.offers.all()]


def _closest(skus: list[Sku], spec: Spec, values: Mapping[str, str]) -> Sku:
    """The SKU with exactly these values, else the one that keeps the most of them, earlier attributes first."""
    codes = [attribute["code"] for attribute in spec.attributes]

    def fit(sku: Sku) -> tuple[int, tuple[bool, ...]]:
        same = tuple(sku.values.get(code) == values.get(code) for code in codes)
        return sum(same), same

    return max(skus, key=fit)


def _attributes(spec: Spec, sku: Sku) -> list[Attribute]:
    """Only values that some SKU on sale has can be picked."""
    skus = _skus(spec)
    return [
        Attribute(
            attribute["code"],
            attribute,
            [
                Option(value, sku.values.get(attribute["code"]) == value["code"])
                for value in attribute["values"]
                if any(other.values.get(attribute["code"]) == value["code"] for other in skus)
            ],
        )
        for attribute in spec.attributes
    ]


def whole(text: str) -> int:
    """A typed number; 0, which no rule allows, when it is none."""
    return whole_number(text, digits=9) or 0  # longer ones overflow columns
