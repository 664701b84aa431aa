"""Determine which upgrade rules a draft would end, before it is submitted or approved (saas-v2 §8.2)."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from tradepost.market.base.money import MINOR_DIGITS
from tradepost.protocols.commands import ChargingMode

from .document import NONE, Document, Price, Quantity, Sku, minor_bands
from .inversion import Schedule
from .models import Product, UpgradeRule
from .models import Sku as SkuRow
from .upgrade_rules import Objection, Terms, compare, is_stopped, rules_in_force


class EndedRule(Struct, frozen=True):
    """A rule in force that would lapse if the document were listed now."""

    rule: UpgradeRule
    why: Objection


def ended_rules(product: Product, document: Document, *, currency: str) -> list[EndedRule]:
    """Return the rules that would end. One query. Rules with incomplete prices are left out: such a draft cannot be
    submitted."""
    skus = {(spec.key, sku.code): sku for spec in document.pricing.specs for sku in spec.skus}
    ended = []
    for rule in rules_in_force(product):
        source, target = (_terms(end, skus, currency) for end in (rule.source, rule.target))
        if source is None or target is None:
            continue
        if (objection := compare(source, target)) is not None:
            ended.append(EndedRule(rule, objection))
    return ended


def _terms(row: SkuRow, skus: Mapping[tuple[str, str], Sku], currency: str) -> Terms | None:
    """Return the terms of a SKU in the document, as ``project`` would write them; None for incomplete prices."""
    if is_stopped(row):
        return Terms(stopped=True)
    sku = skus.get((row.spec.key, row.code))
    sold = [price for price in sku.prices if _is_sold_by_period(price)] if sku is not None else []
    quantity = (sku.quantity if sku is not None else None) or Quantity()
    if quantity.step < 1 or not 1 <= quantity.least <= quantity.most or not all(map(_is_complete, sold)):
        return None
    return Terms(
        stopped=False, by_period={price.period_type: _schedule(price, quantity, currency) for price in sold},
        currency=currency,
    )  # fmt: skip


def _is_sold_by_period(price: Price) -> bool:
    return price.charging_mode == ChargingMode.PERIOD and not price.trial


def _is_complete(price: Price) -> bool:
    if not price.model.banded:
        return price.amount is not None
    return (
        bool(price.bands)
        and price.bands[-1].upto is None
        and all(band.upto is not None for band in price.bands[:-1])
        and all(band.amount is not None for band in price.bands)
    )


def _schedule(price: Price, quantity: Quantity, currency: str) -> Schedule:
    digits = MINOR_DIGITS[currency]
    return Schedule(
        unit=int((price.amount or NONE).scaleb(digits)), model=price.model, bands=minor_bands(price, digits),
        least=quantity.least, most=quantity.most, step=quantity.step,
    )  # fmt: skip
