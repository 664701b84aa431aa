"""Subscriptions as their buyer sees them. Access data and licenses are in ``lifecycle``."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q
from msgspec import Struct

from tradepost.market.base.ends_of_lists import End, end_of_lists
from tradepost.market.base.paging import Page, page
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller, User

from .models import Subscription


class SubscriptionFilter(Struct, frozen=True, kw_only=True):
    q: str = ""
    status: str = ""


def buyer_subscriptions(
    buyer: User, filters: SubscriptionFilter, *, after: str = "", size: int = 20
) -> Page[Subscription]:
    """Return the buyer's subscriptions, newest first. The search matches part of the product's or seller's name, or an
    instance ID."""
    rows = (
        Subscription.objects.filter(buyer=buyer)
        .select_related("buyer", "product", "seller", "offer__sku__spec")
        .defer("sealed_access", "sealed_license")
    )
    if filters.status:
        rows = rows.filter(status=filters.status)
    if filters.q:
        rows = rows.filter(pk__in=_matching_keys(buyer, filters, after=after, most=size + 1))
    return page(rows, after=after, size=size)


def _matching_keys(buyer: User, filters: SubscriptionFilter, *, after: str, most: int) -> list[int]:
    """Return the keys of matching subscriptions, from ``after`` on."""
    end = End.of(after, most=most)
    rows = Subscription.objects.filter(buyer=buyer)
    statuses = [filters.status] if filters.status else Subscription.Status.values
    is_named = Q(name__icontains=filters.q) | Q(name_en__icontains=filters.q)
    # With a join, PostgreSQL would read the services of every product before it compares names.
    sellers = Seller.objects.filter(Q(name__icontains=filters.q) | Q(name_en__icontains=filters.q))
    sold_by = Q(seller__in=sellers)
    of_products = end_of_lists(rows, Product.objects.filter(is_named | sold_by), end, by="product", statuses=statuses)
    of_instance = end.narrowed(rows.filter(instance_id=filters.q, status__in=statuses)).order_by(end.order)
    return [*of_products, *of_instance.values_list("pk", flat=True)[:most]]


def buyer_subscription(buyer: User, pk: int) -> Subscription | None:
    """Return the buyer's subscription with product, seller and offer; None for another buyer's."""
    return (
        Subscription.objects.select_related("buyer", "product", "seller", "offer__sku__spec")
        .filter(buyer=buyer, pk=pk)
        .first()
    )


def buyer_subscriptions_of(buyer: User, pks: Collection[int]) -> list[Subscription]:
    """Return the buyer's subscriptions with these keys, newest first, as ``buyer_subscription`` does."""
    rows = Subscription.objects.select_related("buyer", "product", "seller", "offer__sku__spec").filter(
        buyer=buyer, pk__in=pks
    )
    return list(rows.defer("sealed_access", "sealed_license").order_by("-pk"))


def search_services(buyer: User, *, status: str, offset: int, limit: int) -> tuple[int, list[Subscription]]:
    """Return the number of the buyer's services with this status, or any, and one page of them, newest first."""
    rows = Subscription.objects.filter(buyer=buyer)
    if status:
        rows = rows.filter(status=status)
    page = rows.select_related("product", "seller", "offer").defer("sealed_access", "sealed_license").order_by("-pk")
    return rows.count(), list(page[offset : offset + limit])
