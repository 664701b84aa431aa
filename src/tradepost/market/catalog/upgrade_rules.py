"""Upgrade rules: the changes between SKUs of a spec that a buyer may make during the service (saas-v2 §8.2).

A rule is in force while both SKUs are sold by period and the target never costs less than the source. Later versions
and stops are checked against it: a rule that is no longer valid lapses with a reason, and its seller is notified."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.base.money_words import format_money
from tradepost.market.product_types.registry import product_type
from tradepost.protocols.commands import ChargingMode

from .events import UpgradeRuleLapsed
from .inversion import Inversion, Schedule, common_grid, inversion
from .models import Offer, Product, Sku, UpgradeRule
from .price_models import PriceModel


class Reason(StrEnum):
    """Why a rule lapsed, or cannot be created."""

    STOPPED = "stopped"
    NOT_BY_PERIOD = "not_by_period"
    """The source is not sold by period, or in a period in which the target is not sold, so that there is no price for
    its holders."""
    NO_QUANTITY = "no_quantity"
    """There is no quantity in which both are sold."""
    INVERTED = "inverted"


class Objection(Struct, frozen=True):
    """Why a rule is not allowed. ``at`` and ``period_type``: where prices are inverted."""

    why: Reason
    at: Inversion | None = None
    period_type: str = ""
    currency: str = ""


class Terms(Struct, frozen=True):
    """The terms of a SKU that a rule compares: whether its sales ended, and its prices by period."""

    stopped: bool
    by_period: Mapping[str, Schedule] = {}
    currency: str = ""


def find_objection(source: Sku, target: Sku) -> Objection | None:
    """Return why a rule from one SKU to the other is not allowed; None if it is."""
    return compare(_terms(source), _terms(target))


def compare(source: Terms, target: Terms) -> Objection | None:
    if source.stopped or target.stopped:
        return Objection(Reason.STOPPED)
    source_prices, target_prices = source.by_period, target.by_period
    if not source_prices or not source_prices.keys() <= target_prices.keys():
        return Objection(Reason.NOT_BY_PERIOD)
    for period_type in sorted(source_prices):
        before, after = source_prices[period_type], target_prices[period_type]
        if common_grid(before, after) is None:
            return Objection(Reason.NO_QUANTITY)
        if (inverted := inversion(before, after)) is not None:
            return Objection(Reason.INVERTED, inverted, period_type, source.currency)
    return None


def is_stopped(sku: Sku) -> bool:
    return bool(sku.stopped_at or sku.spec.stopped_at)


def _terms(sku: Sku) -> Terms:
    if is_stopped(sku):
        return Terms(stopped=True)
    offers = list(Offer.objects.filter(sku=sku, on_sale=True, charging_mode=ChargingMode.PERIOD, trial=False))
    prices = {offer.period_type: _schedule(sku, offer) for offer in offers}
    return Terms(stopped=False, by_period=prices, currency=offers[0].currency if offers else "")


def _schedule(sku: Sku, offer: Offer) -> Schedule:
    return Schedule(
        unit=offer.price_minor,
        model=PriceModel(offer.model),
        bands=[(upto, price) for upto, price in offer.bands],
        least=sku.quantity_min,
        most=sku.quantity_max,
        step=sku.quantity_step,
    )


def add_rule(product: Product, source: str, target: str, *, now: datetime) -> UpgradeRule:
    """Allow the change from one SKU (by its code) to another of the same spec. Raises ``Refused`` with the reason if
    not possible; 404 for a SKU of another product."""
    with transaction.atomic():
        locked = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
        if not product_type(locked.product_type).upgrades:
            raise Refused("rule.kind", _("Products of this kind cannot be changed while in use."))
        skus = {
            sku.code: sku
            for sku in Sku.objects.select_related("spec").filter(spec__product=locked, code__in=[source, target])
        }
        if source not in skus or target not in skus:
            raise Refused("rule.unknown", _("Choose two SKUs of this product."), 404, field="target")
        before, after = skus[source], skus[target]
        if before == after or before.spec_id != after.spec_id:
            raise Refused(
                "rule.other_spec", _("A SKU can be changed only to another SKU of the same spec."), field="target"
            )
        if (objection := find_objection(before, after)) is not None:
            raise Refused(f"rule.{objection.why}", objection_message(objection), field="target")
        if UpgradeRule.objects.filter(source=before, target=after, lapsed_at=None).exists():
            raise Refused("rule.exists", _("This rule already exists."), field="target")
        return UpgradeRule.objects.create(source=before, target=after, created_at=now)


def remove_rule(product: Product, pk: int) -> None:
    """Delete a rule. Raises ``Refused`` (404) for a rule of another product, or a deleted one."""
    deleted, _rows = UpgradeRule.objects.filter(pk=pk, source__spec__product=product).delete()
    if not deleted:
        raise Refused("rule.gone", _("This rule no longer exists."), 404)


def has_rules(product: Product) -> bool:
    """Return whether buyers may change from one of its SKUs to another."""
    return UpgradeRule.objects.filter(source__spec__product=product, lapsed_at=None).exists()


def objection_message(objection: Objection) -> str:
    """Return the message for the seller of the rule."""
    match objection.why:
        case Reason.STOPPED:
            return _("Sales of one of the two have ended.")
        case Reason.NOT_BY_PERIOD:
            return _("The target must have prices for all periods of the source: day, month or year.")
        case Reason.NO_QUANTITY:
            return _("The two SKUs have no available quantity in common.")
        case Reason.INVERTED:
            example = objection.at or Inversion(0, 0, 0)
            return _(
                "For a quantity of %(quantity)s the target costs %(target)s for one %(period)s, less than the source with "
                "%(source)s. Change the prices, or leave this rule out."
            ) % {
                "quantity": example.quantity,
                "target": format_money(Money(example.target_minor, objection.currency)),
                "source": format_money(Money(example.source_minor, objection.currency)),
                "period": dict(Offer.PeriodType.choices).get(objection.period_type, objection.period_type),
            }


def recheck(product: Product, *, now: datetime) -> list[UpgradeRule]:
    """Let rules lapse that are no longer valid; return these. Call it after a version was listed and after a stop;
    the caller holds the product's lock and has written its rows."""
    lapsed_rules = []
    for rule, objection in _broken(product):
        rule.lapsed_at, rule.why = now, str(objection.why)
        rule.save(update_fields=["lapsed_at", "why"])
        lapsed_rules.append(rule)
    outbox.publish_all([UpgradeRuleLapsed(rule=rule.pk, at=now) for rule in lapsed_rules], now=now)
    return lapsed_rules


def rules_in_force(product: Product) -> list[UpgradeRule]:
    """Return the rules in force, oldest first."""
    rules = UpgradeRule.objects.filter(source__spec__product=product, lapsed_at=None)
    return list(rules.select_related("source__spec", "target__spec").order_by("pk"))


def _broken(product: Product) -> Iterator[tuple[UpgradeRule, Objection]]:
    for rule in rules_in_force(product):
        if (objection := find_objection(rule.source, rule.target)) is not None:
            yield rule, objection
