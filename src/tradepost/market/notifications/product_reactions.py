"""What sellers are told of the sale of their products: suspended, sold again, ended, sold out, a rule that lapsed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_noop

from tradepost.market.catalog.events import (
    ProductFrozen,
    ProductStopped,
    ProductUnfrozen,
    StockEmpty,
    UpgradeRuleLapsed,
)
from tradepost.market.catalog.models import Product, Sku, Spec, UpgradeRule
from tradepost.market.catalog.upgrade_rules import Why

from . import facts as f
from .probe_reactions import on_frozen_by_probes
from .reactions import people_of
from .tell import Telling, tell_all

WHY = {
    Why.STOPPED: gettext_noop("Sales of one of the two have ended."),
    Why.NOT_BY_PERIOD: gettext_noop("The two are not sold by the same period any more."),
    Why.NO_QUANTITY: gettext_noop("There is no quantity any more in which both are sold."),
    Why.INVERTED: gettext_noop("The target would cost less than the source."),
}


def on_product_frozen(event: ProductFrozen, now: datetime) -> None:
    if event.failing_days:
        on_frozen_by_probes(event, now)
        return
    _tell(event.product, "seller_product_frozen", {"cause": event.cause}, event.at, now)


def on_product_unfrozen(event: ProductUnfrozen, now: datetime) -> None:
    _tell(event.product, "seller_product_unfrozen", {}, event.at, now)


def on_product_stopped(event: ProductStopped, now: datetime) -> None:
    if event.what == "product":
        _tell(event.product, "seller_product_stopped", {"reason": event.reason}, event.at, now)
        return
    about = {"reason": event.reason, "part": _part(event)}
    _tell(event.product, "seller_part_stopped", about, event.at, now, occasion=event.key)


def _part(event: ProductStopped) -> f.Json | str:
    if event.what == "spec":
        spec = Spec.objects.get(product=event.product, key=event.key)
        return f.names(spec.name, spec.name_en)
    return sku_names(Sku.objects.select_related("spec").get(code=event.key))


def sku_names(sku: Sku) -> f.Json:
    """A SKU as its seller knows it: the spec and the chosen values."""
    chosen = [
        value
        for attribute in sku.spec.attributes
        for value in attribute["values"]
        if sku.values.get(attribute["code"]) == value["code"]
    ]
    zh = " · ".join([sku.spec.name, *(value["name"] for value in chosen)])
    return f.names(zh, " · ".join([sku.spec.name_en, *(value["name_en"] for value in chosen)]))


def on_stock_empty(event: StockEmpty, now: datetime) -> None:
    _tell(event.product, "seller_stock_empty", {}, event.at, now)


def on_upgrade_rule_lapsed(event: UpgradeRuleLapsed, now: datetime) -> None:
    """A rule that was taken away meanwhile is nobody's any more."""
    found = UpgradeRule.objects.select_related("source__spec", "target__spec").filter(pk=event.rule).first()
    if found is None or found.why not in Why:
        return
    about = {
        "source": sku_names(found.source),
        "target": sku_names(found.target),
        "why": f.phrase(WHY[Why(found.why)]),
    }
    product = found.source.spec.product_id
    _tell(product, "seller_rule_lapsed", about, event.at, now, occasion=str(found.pk), page="product_rules")


def _tell(
    product_pk: int, kind: str, about: Mapping[str, Any], at: datetime, now: datetime, *, occasion: str = "",
    page: str = "product_controls",
) -> None:  # fmt: skip
    product = Product.objects.select_related("seller").get(pk=product_pk)
    link = reverse(f"seller_center:{page}", args=[product.pk])
    shared = {"product": f.names(product.name, product.name_en), **about}
    tell_all(
        [
            Telling(
                user=user, kind=kind, facts=shared, once=f"{product.pk}/{occasion}/{at.isoformat()}", link=link,
                contact=contact, seller=product.seller_id,
            )
            for user, contact in people_of(product.seller)
        ],
        now=now,
    )  # fmt: skip
