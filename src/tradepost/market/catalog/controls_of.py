"""What sellers and operators said of a listed product beside its document, read for its page and for the shelf."""

from __future__ import annotations

from django.db.models import Q

from tradepost.protocols.text import Text

from .models import Offer, Product, PurchaseLimit, SalesTarget, Spec, Stock
from .view import Controls, Limit, Target


def controls_of(product: Product) -> Controls:
    """Six short questions; ``product`` comes with its seller."""
    specs = list(Spec.objects.filter(product=product))
    named = {spec.key: Text(zh=spec.name, en=spec.name_en) for spec in specs}
    limits = PurchaseLimit.objects.filter(product=product).order_by("spec_key")
    targets = SalesTarget.objects.filter(product=product).select_related("holders_of").order_by("spec_key")
    # An offer is off sale when it, its SKU or its spec was stopped: one question for all three.
    off = Offer.objects.filter(Q(on_sale=False) | Q(sku__stopped_at__isnull=False), sku__spec__product=product)
    return Controls(
        sold=product.status == Product.Status.ON_SALE and product.seller.is_selling,
        stopped=product.status == Product.Status.STOPPED,
        hidden_specs=frozenset(spec.key for spec in specs if spec.hidden),
        stopped_specs=frozenset(spec.key for spec in specs if spec.stopped_at is not None),
        stopped_prices=frozenset(off.values_list("product_id", flat=True)),
        limits={
            one.spec_key: Limit(maximum=one.maximum, spec=named.get(one.spec_key), until_expiry=one.until_expiry)
            for one in limits
        },
        targets={one.spec_key: _target(one, named) for one in targets},
        left=_left(product),
    )


def _target(one: SalesTarget, named: dict[str, Text]) -> Target:
    other = one.holders_of
    holders = Text(zh=other.name, en=other.name_en) if other else None
    return Target(audience=one.audience, spec=named.get(one.spec_key), holders_of=holders)


def _left(product: Product) -> int | None:
    stock = Stock.objects.filter(product=product).first()
    return None if stock is None else stock.total - stock.used
