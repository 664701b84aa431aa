"""Read the sale controls of a listed product for its page and for the shelf."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet

from tradepost.protocols.text import Text

from .models import Offer, Product, SalesTarget, Sku, Spec
from .view import Controls, Limit, Target


def with_rows() -> QuerySet[Product]:
    """Return products with ``specs`` → ``skus`` → ``offers`` on sale prefetched, for a page or a selection."""
    offers = Prefetch("offers", Offer.objects.filter(on_sale=True).order_by("trial", "period_type", "pk"))
    skus = Prefetch("skus", Sku.objects.order_by("pk").prefetch_related(offers))
    specs = Prefetch("specs", Spec.objects.order_by("position", "pk").prefetch_related(skus))
    return (
        Product.objects.select_related("seller", "category__parent", "stock").defer("picture").prefetch_related(specs)
    )


def controls_of(product: Product) -> Controls:
    """Return the controls of a product loaded with ``with_rows``."""
    specs = list(product.specs.all())
    spec_names = {spec.key: Text(zh=spec.name, en=spec.name_en) for spec in specs}
    stock = getattr(product, "stock", None)  # few kinds have a stock
    return Controls(
        sold=product.status == Product.Status.ON_SALE and product.seller.is_selling,
        stopped=product.status == Product.Status.STOPPED,
        hidden_specs=frozenset(spec.key for spec in specs if spec.hidden),
        on_sale=frozenset(offer.product_id for spec in specs for sku in spec.skus.all() for offer in sku.offers.all()),
        limits={
            control.spec_key: Limit(
                maximum=control.maximum, spec=spec_names.get(control.spec_key), until_expiry=control.until_expiry
            )
            for control in product.limits.order_by("spec_key")
        },
        targets={
            control.spec_key: _target(control, spec_names)
            for control in product.targets.select_related("holders_of").order_by("spec_key")
        },
        left=None if stock is None else stock.total - stock.used,
    )


def _target(row: SalesTarget, spec_names: dict[str, Text]) -> Target:
    required = row.holders_of
    holders = Text(zh=required.name, en=required.name_en) if required else None
    return Target(audience=row.audience, spec=spec_names.get(row.spec_key), holders_of=holders)
