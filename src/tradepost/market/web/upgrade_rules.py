"""Name the upgrade rules that a draft would end, for its seller and the reviewing operator (saas-v2 §8.2)."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.config import config
from tradepost.market.catalog import rule_forecast
from tradepost.market.catalog.document import Document
from tradepost.market.catalog.models import Product, Sku
from tradepost.market.catalog.upgrade_rules import objection_message
from tradepost.market.orders.place import chosen_values


class EndedRule(Struct, frozen=True):
    """A rule with the names of its SKUs. ``why`` names the period, the quantity and both prices."""

    spec: str
    source: str
    target: str
    why: str


def ended_rules(product: Product, document: Document) -> list[EndedRule]:
    """Return the rules in force that the listing of this document would end."""
    return [
        EndedRule(
            localised_name(ended.rule.source.spec),
            sku_label(ended.rule.source),
            sku_label(ended.rule.target),
            objection_message(ended.why),
        )
        for ended in rule_forecast.ended_rules(product, document, currency=config().currency)
    ]


def sku_label(sku: Sku) -> str:
    """Return the chosen values, or the spec's name if there are none."""
    return " · ".join(localised_name(value, "value") for value in chosen_values(sku)) or localised_name(sku.spec)
