"""Upgrade rules: from which SKU of a spec to which other a buyer may change while using it (saas-v2 §8.2).

A rule stands while both are sold by period and the target never costs less than the source. Later versions and stops are
checked against it: a rule that does not hold any more lapses, says why, and its seller is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.base.money_words import in_words
from tradepost.market.product_types.registry import product_type
from tradepost.protocols.commands import ChargingMode

from .events import UpgradeRuleLapsed
from .inversion import Inversion, Schedule, common_grid, inversion
from .models import Offer, Product, Sku, UpgradeRule
from .price_models import PriceModel


class Why(StrEnum):
    """Why a rule lapsed, or cannot be made."""

    STOPPED = "stopped"
    NOT_BY_PERIOD = "not_by_period"
    """The source is not sold by period, or in a period in which the target is not: its holders would not know what to pay."""
    NO_QUANTITY = "no_quantity"
    """There is no quantity that both are sold in."""
    INVERTED = "inverted"


class Against(Struct, frozen=True):
    """What stands against a rule. ``at`` and ``period_type`` where prices are inverted."""

    why: Why
    at: Inversion | None = None
    period_type: str = ""
    currency: str = ""


def against(source: Sku, target: Sku) -> Against | None:
    """Why there can be no rule from one to the other; None when there can."""
    if source.stopped_at or target.stopped_at or source.spec.stopped_at or target.spec.stopped_at:
        return Against(Why.STOPPED)
    mine, theirs = _by_period(source), _by_period(target)
    if not mine or not mine.keys() <= theirs.keys():
        return Against(Why.NOT_BY_PERIOD)
    for period_type in sorted(mine):
        before, after = _schedule(source, mine[period_type]), _schedule(target, theirs[period_type])
        if common_grid(before, after) is None:
            return Against(Why.NO_QUANTITY)
        if (found := inversion(before, after)) is not None:
            return Against(Why.INVERTED, found, period_type, mine[period_type].currency)
    return None


def _by_period(sku: Sku) -> dict[str, Offer]:
    sold = Offer.objects.filter(sku=sku, on_sale=True, charging_mode=ChargingMode.PERIOD, trial=False)
    return {offer.period_type: offer for offer in sold}


def _schedule(sku: Sku, offer: Offer) -> Schedule:
    return Schedule(
        unit=offer.price_minor,
        model=PriceModel(offer.model),
        bands=[(upto, each) for upto, each in offer.bands],
        least=sku.quantity_min,
        most=sku.quantity_max,
        step=sku.quantity_step,
    )


def add_rule(product: Product, source: str, target: str, *, now: datetime) -> UpgradeRule:
    """Allow the change from one SKU (by its code) to another of the same spec. Raises ``Refused`` with what stands against
    it: 404 for a SKU that is not the product's."""
    with transaction.atomic():
        locked = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
        if not product_type(locked.product_type).upgrades:
            raise Refused("rule.kind", _("Products of this kind cannot be changed while they are used."))
        own = {
            s.code: s
            for s in Sku.objects.select_related("spec").filter(spec__product=locked, code__in=[source, target])
        }
        if source not in own or target not in own:
            raise Refused("rule.unknown", _("Choose two SKUs of this product."), 404, field="target")
        before, after = own[source], own[target]
        if before == after or before.spec_id != after.spec_id:
            raise Refused("rule.other_spec", _("A change leads to another SKU of the same spec."), field="target")
        if (found := against(before, after)) is not None:
            raise Refused(f"rule.{found.why}", in_words_of(found), field="target")
        if UpgradeRule.objects.filter(source=before, target=after, lapsed_at=None).exists():
            raise Refused("rule.exists", _("This rule stands already."), field="target")
        return UpgradeRule.objects.create(source=before, target=after, created_at=now)


def remove_rule(product: Product, pk: int) -> None:
    """Raises ``Refused`` (404) for a rule of another product, or one that is gone."""
    gone, _rows = UpgradeRule.objects.filter(pk=pk, source__spec__product=product).delete()
    if not gone:
        raise Refused("rule.gone", _("This rule is not there any more."), 404)


def has_rules(product: Product) -> bool:
    """Whether buyers may change from one of its SKUs to another."""
    return UpgradeRule.objects.filter(source__spec__product=product, lapsed_at=None).exists()


def in_words_of(found: Against) -> str:
    """For the seller who made, or would make, the rule."""
    match found.why:
        case Why.STOPPED:
            return _("Sales of one of the two have ended.")
        case Why.NOT_BY_PERIOD:
            return _("The target must be sold by every period by which the source is sold: day, month or year.")
        case Why.NO_QUANTITY:
            return _("There is no quantity in which both are sold.")
        case Why.INVERTED:
            at = found.at or Inversion(0, 0, 0)
            return _(
                "For a quantity of %(quantity)s the target costs %(target)s for one %(period)s, less than the source with "
                "%(source)s. Change the prices, or leave this rule out."
            ) % {
                "quantity": at.quantity,
                "target": in_words(Money(at.target_minor, found.currency)),
                "source": in_words(Money(at.source_minor, found.currency)),
                "period": dict(Offer.PeriodType.choices).get(found.period_type, found.period_type),
            }


def recheck(product: Product, *, now: datetime) -> list[UpgradeRule]:
    """Let lapse what does not hold any more; gives those rules. The caller holds the product's lock and has written its rows:
    to be called after a version was listed and after a stop."""
    lapsed = []
    for rule, found in _broken(product):
        rule.lapsed_at, rule.why = now, str(found.why)
        rule.save(update_fields=["lapsed_at", "why"])
        lapsed.append(rule)
    outbox.publish_all([UpgradeRuleLapsed(rule=rule.pk, at=now) for rule in lapsed], now=now)
    return lapsed


def _broken(product: Product) -> Iterator[tuple[UpgradeRule, Against]]:
    standing = UpgradeRule.objects.filter(source__spec__product=product, lapsed_at=None)
    for rule in standing.select_related("source__spec", "target__spec").order_by("pk"):
        if (found := against(rule.source, rule.target)) is not None:
            yield rule, found
