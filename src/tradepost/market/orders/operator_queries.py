"""What operators read about orders: the list of all, and one with all that belongs to it."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from msgspec import Struct

from tradepost.market.base.counting import Count, counts_up_to
from tradepost.market.base.paging import Page, page
from tradepost.market.identity.operator_queries import user_by_email

from .models import Order, OrderLine
from .search import orders_by_number


class OrderFilter(Struct, frozen=True, kw_only=True):
    """What an operator asks the list for; empty means all. ``text`` is a number, its beginning or end (see
    ``search``), else a buyer's whole e-mail address."""

    text: str = ""
    status: str = ""


def all_orders(
    asked: OrderFilter, *, among: QuerySet[Any] | None = None, after: str = "", size: int = 25
) -> Page[Order]:
    """Newest first, each with its buyer and lines; of those whose keys are ``among``, when given."""
    orders = Order.objects.select_related("buyer").prefetch_related("lines")
    if among is not None:
        orders = orders.filter(pk__in=among)
    if asked.status:
        orders = orders.filter(status=asked.status)
    if text := asked.text.strip():
        orders = orders.filter(orders_by_number(text) or Q(buyer=user_by_email(text) or 0))
    return page(orders, after=after, size=size)


def find_order(number: str) -> Order | None:
    return Order.objects.select_related("buyer").filter(number=number).first()


def lines_of(order: Order) -> list[OrderLine]:
    lines = OrderLine.objects.filter(order=order).select_related(
        "order", "seller", "product", "subscription__product", "subscription__offer", "offer__sku"
    )
    return list(lines.order_by("pk"))


class UnderWay(Struct, frozen=True):
    unpaid: Count
    processing: Count


def under_way() -> UnderWay:
    """Orders that have not ended; the index by status serves both counts."""
    return UnderWay(
        *counts_up_to(*(Order.objects.filter(status=s) for s in (Order.Status.UNPAID, Order.Status.PROCESSING)))
    )
