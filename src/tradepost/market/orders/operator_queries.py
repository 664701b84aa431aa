"""What operators read about orders: the list of all, and one with all that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from tradepost.market.base.paging import Page, page

from .models import Order, OrderLine


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """What an operator asks the list for; empty means all. ``text`` is a number or part of a buyer's e-mail."""

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
        number = text.upper()
        orders = orders.filter(Q(number=number.rsplit("-", 1)[0]) | Q(number=number) | Q(buyer__email__icontains=text))
    return page(orders, after=after, size=size)


def find_order(number: str) -> Order | None:
    return Order.objects.select_related("buyer").filter(number=number).first()


def lines_of(order: Order) -> list[OrderLine]:
    lines = OrderLine.objects.filter(order=order).select_related(
        "order", "seller", "product", "subscription", "offer__sku"
    )
    return list(lines.order_by("pk"))


@dataclass(frozen=True, slots=True)
class UnderWay:
    unpaid: int
    processing: int


def under_way() -> UnderWay:
    """Orders that have not ended; the index by status serves both counts."""
    counts = dict(
        Order.objects.filter(status__in=[Order.Status.UNPAID, Order.Status.PROCESSING])
        .values_list("status").annotate(n=Count("pk")).order_by()
    )  # fmt: skip
    return UnderWay(counts.get("unpaid", 0), counts.get("processing", 0))
