"""Resolve a buyer's choices to one offer, with the alternatives for each. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from tradepost.market.base.numbers import whole_number
from tradepost.market.catalog.models import Offer, Product, Sku, Spec


class SubmittedChoice(Struct, frozen=True, kw_only=True):
    """Choices as submitted: values may be missing or no longer on sale."""

    spec: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    plan: str = ""
    periods: str = ""
    quantity: str = ""

    @staticmethod
    def of(query: Mapping[str, str]) -> SubmittedChoice:
        return SubmittedChoice(
            spec=query.get("spec", ""),
            values={name.removeprefix("attr_"): query[name] for name in query if name.startswith("attr_")},
            plan=query.get("plan", ""),
            periods=query.get("periods", ""),
            quantity=query.get("quantity", ""),
        )


class Option(Struct, frozen=True):
    """A value of an attribute. ``here``: whether it is selected."""

    value: Mapping[str, Any]
    here: bool


class Attribute(Struct, frozen=True):
    code: str
    attribute: Mapping[str, Any]
    options: list[Option]


class Choice(Struct, frozen=True):
    """A complete choice with its alternatives. ``quantity`` and ``periods``: as typed."""

    specs: list[Spec]
    spec: Spec
    attributes: list[Attribute]
    sku: Sku
    offers: list[Offer]
    offer: Offer
    periods: str
    quantity: str

    def is_what(self, picked: SubmittedChoice) -> bool:
        """Return whether all submitted choices were kept. Nothing else may be ordered instead."""
        values = {
            attribute.code: option.value["code"]
            for attribute in self.attributes
            for option in attribute.options
            if option.here
        }
        return (
            (not picked.spec or _is_chosen(self.spec, picked))
            and all(values.get(code) == value for code, value in picked.values.items())
            and picked.plan in {"", self.offer.plan}
            and picked.periods in {"", self.periods}
        )

    @property
    def trial(self) -> Offer | None:
        """Return the free trial of this choice, or None (business-rules §3.5)."""
        return next((offer for offer in self.offers if offer.trial), None)

    @property
    def counts(self) -> bool:
        """Return whether the quantity can be chosen."""
        return self.sku.quantity_max > self.sku.quantity_min


def choose(product: Product, picked: SubmittedChoice) -> Choice | None:
    """Return the complete choice: submitted values if they are on sale, otherwise the first. None if nothing of the
    product is on sale.

    ``product`` comes from ``catalog.shelf_queries.product_on_sale``.
    """
    specs_with_skus = [spec for spec in product.specs.all() if _skus(spec)]
    specs = [spec for spec in specs_with_skus if not spec.hidden or _is_chosen(spec, picked)]
    if not specs:
        return None
    spec = next((s for s in specs if _is_chosen(s, picked)), specs[0])
    sku = _closest(_skus(spec), spec, picked.values)
    offers = list(sku.offers.all())
    default_offer = next((o for o in offers if not o.trial), offers[0])
    offer = next((o for o in offers if o.plan == picked.plan), default_offer)
    period_numbers = [str(number) for number in offer.period_numbers]
    periods = picked.periods if picked.periods in period_numbers else (period_numbers or ["1"])[0]
    return Choice(
        specs, spec, _attributes(spec, sku), sku, offers, offer, periods, picked.quantity or str(sku.quantity_min)
    )


def _is_chosen(spec: Spec, picked: SubmittedChoice) -> bool:
    """Return whether this spec was chosen. A hidden spec is accepted only by the key in its own link, because numbers
    can be guessed (business-rules §2.8)."""
    return picked.spec in ({spec.key} if spec.hidden else {spec.key, str(spec.pk)})


def _skus(spec: Spec) -> list[Sku]:
    return [sku for sku in spec.skus.all() if sku.offers.all()]


def _closest(skus: list[Sku], spec: Spec, values: Mapping[str, str]) -> Sku:
    """Return the SKU with exactly these values, otherwise the one with the most matching values, earlier attributes
    first."""
    codes = [attribute["code"] for attribute in spec.attributes]

    def fit(sku: Sku) -> tuple[int, tuple[bool, ...]]:
        matches = tuple(sku.values.get(code) == values.get(code) for code in codes)
        return sum(matches), matches

    return max(skus, key=fit)


def _attributes(spec: Spec, sku: Sku) -> list[Attribute]:
    """Return the attributes with the values that at least one SKU on sale has."""
    skus = _skus(spec)
    return [
        Attribute(
            attribute["code"],
            attribute,
            [
                Option(value, sku.values.get(attribute["code"]) == value["code"])
                for value in attribute["values"]
                if any(candidate.values.get(attribute["code"]) == value["code"] for candidate in skus)
            ],
        )
        for attribute in spec.attributes
    ]


def parse_count(text: str) -> int:
    """Parse a number; 0, which no rule allows, for other text."""
    return whole_number(text, digits=9) or 0  # longer numbers overflow columns
