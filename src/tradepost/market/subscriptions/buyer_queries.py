"""What a buyer sees of subscriptions: the own ones only. Access data and licenses are not among it, see ``lifecycle``."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from tradepost.market.base.paging import Page, page
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import User

from .models import Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionFilter:
    q: str = ""
    status: str = ""


def buyer_subscriptions(
    buyer: User, asked: SubscriptionFilter, *, after: str = "", size: int = 20
) -> Page[Subscription]:
    """Newest first. The search is a part of the product's or the seller's name, or an instance id."""
    rows = (
        Subscription.objects.filter(buyer=buyer)
        .select_related("product", "seller", "offer")
        .defer("sealed_access", "sealed_license")
    )
    if asked.status:
        rows = rows.filter(status=asked.status)
    if asked.q:
        rows = rows.filter(Q(product__in=_products_like(asked.q)) | Q(instance_id=asked.q))
    return page(rows, after=after, size=size)


def _products_like(text: str) -> list[int]:
    """Products are few beside what is held of them: they are looked through first, and found by their keys after that."""
    named = Q(name__icontains=text) | Q(name_en__icontains=text)
    sold_by = Q(seller__name__icontains=text) | Q(seller__name_en__icontains=text)
    return list(Product.objects.filter(named | sold_by).values_list("pk", flat=True))


def buyer_subscription(buyer: User, pk: int) -> Subscription | None:
    """The buyer's own subscription with product, seller and offer; None for anybody else's."""
    return (
        Subscription.objects.select_related("product", "seller", "offer__sku__spec").filter(buyer=buyer, pk=pk).first()
    )
