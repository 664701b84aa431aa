"""What a buyer's program sees of orders: the buyer's own only, filtered as openapi-jointkit §C.12 names the filters."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from msgspec import Struct

from tradepost.market.base.numbers import whole_number
from tradepost.market.identity.models import User

from .models import Order, OrderLine


class OrderSearch(Struct, frozen=True, kw_only=True):
    """``since`` and ``until`` bound the time of ordering, half-open. Empty filters are not used."""

    since: datetime
    until: datetime
    types: Collection[str] = ()
    statuses: Collection[str] | None = None
    numbers: Collection[str] = ()
    product: str = ""
    product_name: str = ""
    charging_mode: str = ""
    ascending: bool = False


def search_orders(buyer: User, asked: OrderSearch, *, offset: int, limit: int) -> tuple[int, list[Order]]:
    """How many orders fit, and a page of them, newest first unless ``ascending``."""
    orders = Order.objects.filter(buyer=buyer, placed_at__gte=asked.since, placed_at__lt=asked.until)
    if asked.types:
        orders = orders.filter(order_type__in=asked.types)
    if asked.statuses is not None:
        orders = orders.filter(status__in=asked.statuses)
    if asked.numbers:
        orders = orders.filter(number__in=asked.numbers)
    if (lines := _lines(asked)) is not None:
        orders = orders.filter(Exists(OrderLine.objects.filter(lines, buyer=buyer, order=OuterRef("pk"))))
    page = orders.order_by("pk" if asked.ascending else "-pk")[offset : offset + limit]
    return orders.count(), list(page)


def _lines(asked: OrderSearch) -> Q | None:
    """What a line of the order must be; None where no filter is about lines."""
    if not (asked.product or asked.product_name or asked.charging_mode):
        return None
    wanted = Q(charging_mode=asked.charging_mode) if asked.charging_mode else Q()
    if asked.product_name:
        wanted &= Q(product_name__icontains=asked.product_name) | Q(product_name_en__icontains=asked.product_name)
    if asked.product:
        wanted &= Q(product=whole_number(asked.product) or 0) | Q(offer__product_id=asked.product)
    return wanted


def orders_in_detail(buyer: User, numbers: Collection[str]) -> list[Order]:
    """Those of the buyer among these, newest first, with ``lines`` and their subscriptions, offers and products."""
    lines = OrderLine.objects.select_related("product", "offer", "seller", "subscription").order_by("pk")
    found: QuerySet[Order] = Order.objects.filter(buyer=buyer, number__in=numbers).select_related("refund")
    return list(found.prefetch_related(Prefetch("lines", lines)).order_by("-pk"))
