"""Notify a seller of an upgrade rule that lapsed."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_noop

from tradepost.market.catalog.events import UpgradeRuleLapsed
from tradepost.market.catalog.models import UpgradeRule
from tradepost.market.catalog.upgrade_rules import Reason

from . import facts as f
from .notify import send
from .subjects.products import PRODUCT, sku_names

REASON_TEXTS = {
    Reason.STOPPED: gettext_noop("Sales of one of the two have ended."),
    Reason.NOT_BY_PERIOD: gettext_noop("The two SKUs no longer have prices for the same period."),
    Reason.NO_QUANTITY: gettext_noop("The two SKUs no longer have an available quantity in common."),
    Reason.INVERTED: gettext_noop("The target would cost less than the source."),
}


def on_upgrade_rule_lapsed(event: UpgradeRuleLapsed, now: datetime) -> None:
    """Do nothing if the rule has been deleted since."""
    rule = (
        UpgradeRule.objects.select_related("source__spec__product__seller", "target__spec")
        .filter(pk=event.rule)
        .first()
    )
    if rule is None or rule.why not in Reason:
        return
    product = rule.source.spec.product
    facts = {
        "source": sku_names(rule.source),
        "target": sku_names(rule.target),
        "why": f.phrase(REASON_TEXTS[Reason(rule.why)]),
    }
    once = f"{product.pk}/{rule.pk}/{event.at.isoformat()}"
    send([PRODUCT.draft("seller_about_rules", product, "seller_rule_lapsed", facts, once=once)], now=now)
