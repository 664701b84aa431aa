"""Notices about the sale of products (business-rules §17.8; saas-v2 §6)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from tradepost.market.catalog.events import ProductFrozen, ProductStopped, ProductUnfrozen, StockEmpty
from tradepost.market.catalog.models import Product, Sku, Spec
from tradepost.market.notifications import facts as f
from tradepost.market.notifications.categories import Audience, Category, NoticePolicy
from tradepost.market.notifications.notice_parts import NoticeTemplate
from tradepost.market.notifications.subject import Facts, Operators, SellersPeople, Subject

SELLER_PRODUCT = NoticePolicy(category=Category.PRODUCT, to=Audience.SELLER)
"""§17.8: product information change."""
SUSPENDED_PRODUCT = NoticePolicy(category=Category.PRODUCT, to=Audience.SELLER, mandatory=True)
STOCK = NoticePolicy(category=Category.OPERATIONS, to=Audience.SELLER)
"""§17.8: O&M (501)."""

PRODUCT_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "seller_product_frozen": NoticeTemplate(
        _("Sales of %(product)s were suspended by the operator"),
        _("Reason: %(cause)s. The product is hidden and cannot be bought, and unpaid orders cannot be paid. Services in use continue and can be renewed. Correct the cause and write to the operator."),
        _("Open the product"), "danger", "snowflake", SUSPENDED_PRODUCT,
    ),
    "seller_product_unfrozen": NoticeTemplate(
        _("%(product)s is on sale again"),
        _("The operator has ended the suspension. Anything that you hid yourself stays hidden."),
        _("Open the product"), "good", "circle-check", SELLER_PRODUCT,
    ),
    "seller_product_stopped": NoticeTemplate(
        _("Sales of %(product)s have ended permanently"),
        _(
            "Reason: %(reason)s. Services in use continue until they expire and cannot be renewed. The product "
            "cannot be listed again; publish a new product instead."),
        _("Open the product"), "warning", "ban", SUSPENDED_PRODUCT,
    ),
    "seller_part_stopped": NoticeTemplate(
        _("A part of %(product)s is no longer sold: %(part)s"),
        _("Reason: %(reason)s. Services in use continue until they expire and cannot be renewed."),
        _("Open the product"), "warning", "ban", SELLER_PRODUCT,
    ),
    "seller_stock_empty": NoticeTemplate(
        _("%(product)s is sold out"),
        _("The product is out of stock, so buyers cannot order it. Add stock as soon as more is available."),
        _("Open the sale controls"), "warning", "package", STOCK,
    ),
    "seller_rule_lapsed": NoticeTemplate(
        _("An upgrade rule of %(product)s is no longer valid"),
        _("From %(source)s to %(target)s. %(why)s Buyers can no longer make this change."),
        _("Open the upgrade rules"), "warning", "adjustments", SELLER_PRODUCT,
    ),
}  # fmt: skip  # a table is read in rows


def _facts(product: Product) -> Facts:
    return {"product": f.product_names(product)}


PRODUCT: Subject[Product] = Subject(
    __name__,
    Product.objects.select_related("seller"),
    key="product",
    facts=_facts,
    seller=SellersPeople(page="seller_center:product_controls"),
    seller_about_rules=SellersPeople(page="seller_center:product_rules"),
    seller_about_probes=SellersPeople(page="seller_center:probes_product"),
    operators=Operators(
        page="console:probes",
        argument=None,
        facts=lambda product: {"seller": f.seller_names(product.seller)},
    ),
)


def _frozen_once(product: Product, event: ProductFrozen) -> str:
    at = event.at.isoformat()
    return f"{product.pk}/{at}" if event.failing_days else f"{product.pk}//{at}"


def _once(product: Product, event: ProductUnfrozen | StockEmpty) -> str:
    return f"{product.pk}//{event.at.isoformat()}"


FROZEN = PRODUCT.notice(
    ProductFrozen,
    facts=lambda _, event: {"days": str(event.failing_days)} if event.failing_days else {"cause": event.cause},
    once=_frozen_once,
    seller=lambda _, event: "" if event.failing_days else "seller_product_frozen",
    seller_about_probes=lambda _, event: "seller_frozen_by_probes" if event.failing_days else "",
    operators=lambda _, event: "operator_frozen_by_probes" if event.failing_days else "",
)
UNFROZEN = PRODUCT.notice(ProductUnfrozen, once=_once, seller="seller_product_unfrozen")
STOCK_EMPTY = PRODUCT.notice(StockEmpty, once=_once, seller="seller_stock_empty")


def sku_names(sku: Sku) -> f.Json:
    """Return the spec and the chosen values, as the seller knows the SKU."""
    chosen = [
        value
        for attribute in sku.spec.attributes
        for value in attribute["values"]
        if sku.values.get(attribute["code"]) == value["code"]
    ]
    zh = " · ".join([sku.spec.name, *(value["name"] for value in chosen)])
    return f.names(zh, " · ".join([sku.spec.name_en, *(value["name_en"] for value in chosen)]))


def _stopped_facts(_: Product, event: ProductStopped) -> Facts:
    if event.what == "product":
        return {"reason": event.reason}
    if event.what == "spec":
        spec = Spec.objects.get(product=event.product, key=event.key)
        return {"reason": event.reason, "part": f.names(spec.name, spec.name_en)}
    return {"reason": event.reason, "part": sku_names(Sku.objects.select_related("spec").get(code=event.key))}


def _stopped_once(product: Product, event: ProductStopped) -> str:
    part = "" if event.what == "product" else event.key
    return f"{product.pk}/{part}/{event.at.isoformat()}"


STOPPED = PRODUCT.notice(
    ProductStopped,
    facts=_stopped_facts,
    once=_stopped_once,
    seller=lambda _, event: "seller_product_stopped" if event.what == "product" else "seller_part_stopped",
)
