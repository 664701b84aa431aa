"""The targets of a change of a service: the monthly and yearly prices of one specification, in all its editions."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Prefetch

from tradepost.market.identity.models import Seller
from tradepost.market.product_types.charging import modes_with

from .models import Offer, Product, Sku, Spec

BY_PERIOD = modes_with(lambda charging: charging.renewable)


def paid_by_period(spec: int, *, statuses: Collection[str]) -> Product | None:
    """Return the product with ``specs`` → ``skus`` → ``offers`` prefetched: only this specification, and its period
    prices on sale, without trials.

    None if the product has none of these ``statuses``, or its seller is not active."""
    period_offers = Offer.objects.filter(on_sale=True, charging_mode__in=BY_PERIOD, trial=False)
    offers = Prefetch("offers", period_offers.order_by("period_type", "pk"))
    skus = Prefetch("skus", Sku.objects.order_by("pk").prefetch_related(offers))
    specs = Prefetch("specs", Spec.objects.filter(pk=spec).prefetch_related(skus))
    rows = Product.objects.select_related("seller").defer("picture").prefetch_related(specs)
    return rows.filter(specs=spec, status__in=statuses, seller__status=Seller.Status.ACTIVE).first()
