"""Orders as a buyer's programs see them: only the buyer's own, with the filters of openapi-jointkit §C.12."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from msgspec import Struct

from tradepost.market.base.numbers import whole_number
from tradepost.market.identity.models import User

from .models import Order, OrderLine


class OrderSearch(Struct, frozen=True, kw_only=True):
    """Filters of a search. ``since`` and ``until`` bound the placement time, half-open. Empty filters are ignored."""

    since: datetime
    until: datetime
    types: Collection[str] = ()
    statuses: Collection[str] | None = None
    numbers: Collection[str] = ()
    product: str = ""
    product_name: str = ""
    charging_mode: str = ""
    ascending: bool = False


def search_orders(buyer: User, filters: OrderSearch, *, offset: int, limit: int) -> tuple[int, list[Order]]:
    """Return the number of matching orders and one page of them, newest first unless ``ascending``."""
    orders = Order.objects.filter(buyer=buyer, placed_at__gte=filters.since, placed_at__lt=filters.until)
    if filters.types:
        orders = orders.filter(order_type__in=filters.types)
    if filters.statuses is not None:
        orders = orders.filter(status__in=filters.statuses)
    if filters.numbers:
        orders = orders.filter(number__in=filters.numbers)
    if (lines := _lines(filters)) is not None:
        orders = orders.filter(Exists(OrderLine.objects.filter(lines, buyer=buyer, order=OuterRef("pk"))))
    page = orders.order_by("pk" if filters.ascending else "-pk")[offset : offset + limit]
    return orders.count(), list(page)


def _lines(filters: OrderSearch) -> Q | None:
    """Return the condition on order lines; None if no filter concerns lines."""
    if not (filters.product or filters.product_name or filters.charging_mode):
        return None
    condition = Q(charging_mode=filters.charging_mode) if filters.charging_mode else Q()
    if filters.product_name:
        condition &= Q(product_name__icontains=filters.product_name) | Q(
            product_name_en__icontains=filters.product_name
        )
    if filters.product:
        condition &= Q(product=whole_number(filters.product) or 0) | Q(offer__product_id=filters.product)
    return condition


def orders_in_detail(buyer: User, numbers: Collection[str]) -> list[Order]:
    """Return the buyer's orders with these numbers, newest first, with ``lines`` and their subscriptions, offers and
    products."""
    lines = OrderLine.objects.select_related("product", "offer", "seller", "subscription").order_by("pk")
    orders: QuerySet[Order] = Order.objects.filter(buyer=buyer, number__in=numbers).select_related("refund")
    return list(orders.prefetch_related(Prefetch("lines", lines)).order_by("-pk"))
