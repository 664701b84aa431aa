"""Orders as operators see them: the list and one order with its lines."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from msgspec import Struct

from tradepost.market.base.counting import Count, counts_up_to
from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import between
from tradepost.market.identity.operator_queries import user_by_email

from .models import Order, OrderLine
from .search import orders_by_number


class OrderFilter(Struct, frozen=True, kw_only=True):
    """Filters of the list; empty fields do not filter. ``text``: an order number, its beginning or end (see
    ``search``), or a buyer's whole e-mail address."""

    text: str = ""
    status: str = ""
    since: datetime | None = None
    until: datetime | None = None
    """Range of the placement time; ``until`` is exclusive."""
    undelivered: bool = False
    """Only undelivered orders; the time range then applies to their refund."""


def all_orders(
    filters: OrderFilter, *, among: QuerySet[Any] | None = None, after: str = "", size: int = 25
) -> Page[Order]:
    """Return orders, newest first, with buyer and lines. ``among``: only orders with these keys."""
    orders = _orders_in_time(filters)
    orders = orders.select_related("buyer").prefetch_related("lines")
    if among is not None:
        orders = orders.filter(pk__in=among)
    if filters.status:
        orders = orders.filter(status=filters.status)
    if text := filters.text.strip():
        orders = orders.filter(orders_by_number(text) or Q(buyer=user_by_email(text) or 0))
    return page(orders, after=after, size=size)


def _orders_in_time(filters: OrderFilter) -> QuerySet[Order]:
    if not filters.undelivered:
        return between(Order.objects.all(), "placed_at", filters.since, filters.until)
    orders = Order.objects.filter(undelivered_at__isnull=False)
    if filters.since is not None:
        orders = orders.filter(undelivered_at__gte=filters.since)
    return orders if filters.until is None else orders.filter(undelivered_at__lt=filters.until)


def find_order(number: str) -> Order | None:
    return Order.objects.select_related("buyer").filter(number=number).first()


def lines_of(order: Order) -> list[OrderLine]:
    lines = OrderLine.objects.filter(order=order).select_related(
        "order", "seller", "product", "subscription__product", "subscription__offer", "offer__sku"
    )
    return list(lines.order_by("pk"))


class OpenOrders(Struct, frozen=True):
    unpaid: Count
    processing: Count


def count_open_orders() -> OpenOrders:
    """Count orders that have not ended, by the index on the status."""
    return OpenOrders(
        *counts_up_to(*(Order.objects.filter(status=s) for s in (Order.Status.UNPAID, Order.Status.PROCESSING)))
    )
