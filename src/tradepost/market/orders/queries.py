"""What a buyer sees of orders: the own ones only."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import User

from .models import Order, OrderLine


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    q: str = ""
    status: str = ""


def _with_lines(orders: QuerySet[Order]) -> QuerySet[Order]:
    """With ``lines``, each with its product, seller and subscription."""
    lines = OrderLine.objects.select_related("product", "seller", "subscription").order_by("pk")
    return orders.prefetch_related(Prefetch("lines", lines))


def buyer_orders(buyer: User, asked: OrderFilter, *, after: str = "", size: int = 20) -> Page[Order]:
    """Newest first. The search is a part of an order's number or of a product's name."""
    orders = Order.objects.filter(buyer=buyer)
    if asked.status:
        orders = orders.filter(status=asked.status)
    if asked.q:
        named = OrderLine.objects.filter(order=OuterRef("pk")).filter(
            Q(product_name__icontains=asked.q) | Q(product_name_en__icontains=asked.q)
        )
        orders = orders.filter(Q(number__icontains=asked.q) | Exists(named))
    return page(_with_lines(orders), after=after, size=size)


def buyer_order(buyer: User, number: str) -> Order | None:
    """The buyer's own order; None for anybody else's."""
    return _with_lines(Order.objects.filter(buyer=buyer, number=number)).first()


def line_of(subscription_id: int) -> OrderLine | None:
    """The line by which a subscription was bought, with its order."""
    return OrderLine.objects.select_related("order").filter(subscription_id=subscription_id).order_by("pk").first()
