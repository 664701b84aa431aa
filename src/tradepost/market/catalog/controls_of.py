"""What sellers and operators said of a listed product beside its document, read for its page and for the shelf."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet

from tradepost.protocols.text import Text

from .models import Offer, Product, SalesTarget, Sku, Spec
from .view import Controls, Limit, Target


def with_rows() -> QuerySet[Product]:
    """Products with ``specs`` → ``skus`` → ``offers`` that are on sale fetched: what a page and a choice need."""
    offers = Prefetch("offers", Offer.objects.filter(on_sale=True).order_by("trial", "period_type", "pk"))
    skus = Prefetch("skus", Sku.objects.order_by("pk").prefetch_related(offers))
    specs = Prefetch("specs", Spec.objects.order_by("position", "pk").prefetch_related(skus))
    return (
        Product.objects.select_related("seller", "category__parent", "stock").defer("picture").prefetch_related(specs)
    )


def controls_of(product: Product) -> Controls:
    """Of a product out of ``with_rows``."""
    specs = list(product.specs.all())
    named = {spec.key: Text(zh=spec.name, en=spec.name_en) for spec in specs}
    stock = getattr(product, "stock", None)  # few kinds have any
    return Controls(
        sold=product.status == Product.Status.ON_SALE and product.seller.is_selling,
        stopped=product.status == Product.Status.STOPPED,
        hidden_specs=frozenset(spec.key for spec in specs if spec.hidden),
        on_sale=frozenset(offer.product_id for spec in specs for sku in spec.skus.all() for offer in sku.offers.all()),
        limits={
            one.spec_key: Limit(maximum=one.maximum, spec=named.get(one.spec_key), until_expiry=one.until_expiry)
            for one in product.limits.order_by("spec_key")
        },
        targets={
            one.spec_key: _target(one, named)
            for one in product.targets.select_related("holders_of").order_by("spec_key")
        },
        left=None if stock is None else stock.total - stock.used,
    )


def _target(one: SalesTarget, named: dict[str, Text]) -> Target:
    other = one.holders_of
    holders = Text(zh=other.name, en=other.name_en) if other else None
    return Target(audience=one.audience, spec=named.get(one.spec_key), holders_of=holders)
