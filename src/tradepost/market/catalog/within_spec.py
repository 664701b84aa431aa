"""What a service may become: the prices by the month and the year of one specification, in all its editions."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Prefetch

from tradepost.market.identity.models import Seller
from tradepost.market.product_types.charging import modes_that

from .models import Offer, Product, Sku, Spec

BY_PERIOD = modes_that(lambda charging: charging.renewable)


def paid_by_period(spec: int, *, statuses: Collection[str]) -> Product | None:
    """The product of this specification with ``specs`` → ``skus`` → ``offers`` fetched: that specification alone, and what is
    on sale of it by the period, trials left out. None when the product is in none of these ``statuses``, or its seller sells
    nothing."""
    sold = Offer.objects.filter(on_sale=True, charging_mode__in=BY_PERIOD, trial=False)
    offers = Prefetch("offers", sold.order_by("period_type", "pk"))
    skus = Prefetch("skus", Sku.objects.order_by("pk").prefetch_related(offers))
    specs = Prefetch("specs", Spec.objects.filter(pk=spec).prefetch_related(skus))
    rows = Product.objects.select_related("seller").defer("picture").prefetch_related(specs)
    return rows.filter(specs=spec, status__in=statuses, seller__status=Seller.Status.ACTIVE).first()
