"""What a buyer sees of subscriptions: the own ones only. Access data and licenses are not among it, see ``lifecycle``."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Exists, OuterRef, Q
from msgspec import Struct

from tradepost.market.base.paging import Page, page
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import User

from .models import Subscription


class SubscriptionFilter(Struct, frozen=True, kw_only=True):
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
        rows = rows.filter(Q(product__in=_held_products_like(buyer, asked.q)) | Q(instance_id=asked.q))
    return page(rows, after=after, size=size)


def _held_products_like(buyer: User, text: str) -> list[int]:
    """Of what this buyer has: a list of all products of such a name, most of which nobody here bought, would have the
    database read all that the buyer has, since it expects to find some of them soon."""
    named = Q(name__icontains=text) | Q(name_en__icontains=text)
    sold_by = Q(seller__name__icontains=text) | Q(seller__name_en__icontains=text)
    held = Exists(Subscription.objects.filter(buyer=buyer, product=OuterRef("pk")))
    return list(Product.objects.filter(named | sold_by).filter(held).values_list("pk", flat=True))


def buyer_subscription(buyer: User, pk: int) -> Subscription | None:
    """The buyer's own subscription with product, seller and offer; None for anybody else's."""
    return (
        Subscription.objects.select_related("buyer", "product", "seller", "offer__sku__spec")
        .filter(buyer=buyer, pk=pk)
        .first()
    )


def buyer_subscriptions_of(buyer: User, pks: Collection[int]) -> list[Subscription]:
    """Those of the buyer among these, newest first, as ``buyer_subscription`` gives one."""
    rows = Subscription.objects.select_related("buyer", "product", "seller", "offer__sku__spec").filter(
        buyer=buyer, pk__in=pks
    )
    return list(rows.defer("sealed_access", "sealed_license").order_by("-pk"))


def search_services(buyer: User, *, status: str, offset: int, limit: int) -> tuple[int, list[Subscription]]:
    """How many services of the buyer have the status, or any, and a page of them, newest first."""
    rows = Subscription.objects.filter(buyer=buyer)
    if status:
        rows = rows.filter(status=status)
    page = rows.select_related("product", "seller", "offer").defer("sealed_access", "sealed_license").order_by("-pk")
    return rows.count(), list(page[offset : offset + limit])
