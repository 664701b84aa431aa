"""Read refunds for buyers, sellers and operators."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Prefetch, QuerySet

from tradepost.market.base.counting import Count, count_up_to
from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import between
from tradepost.market.identity.models import Seller, User
from tradepost.market.subscriptions.models import Subscription

from .models import Order, OrderLine
from .refund_models import Refund, RefundLine


def _with_details(refunds: QuerySet[Refund]) -> QuerySet[Refund]:
    """Fetch the lines and related objects that pages show."""
    lines = RefundLine.objects.select_related("line__order", "refund").order_by("pk")
    return refunds.select_related(
        "order", "seller", "buyer", "subscription__product", "subscription__offer"
    ).prefetch_related(Prefetch("lines", lines))


def refund_of_buyer(buyer: User, pk: int) -> Refund | None:
    return _with_details(Refund.objects.filter(buyer=buyer, pk=pk)).first()


def refund_of_seller(seller: Seller, pk: int) -> Refund | None:
    return _with_details(Refund.objects.filter(seller=seller, pk=pk)).first()


def all_refunds(
    *, status: str = "", since: datetime | None = None, until: datetime | None = None, after: str = "", size: int = 25
) -> Page[Refund]:
    """Return all refunds, newest first; ``since`` and ``until`` bound the time of the request."""
    return _page(between(Refund.objects.all(), "requested_at", since, until), status, after, size)


def find_refund(pk: int) -> Refund | None:
    return _with_details(Refund.objects.filter(pk=pk)).first()


def _page(refunds: QuerySet[Refund], status: str, after: str, size: int) -> Page[Refund]:
    if status:
        refunds = refunds.filter(status=status)
    return page(refunds.select_related("seller", "buyer", "subscription__product"), after=after, size=size)


def refund_lines_of(orders: Collection[Order]) -> list[RefundLine]:
    """Return the refunded lines of these orders, each with its refund."""
    paid_lines = RefundLine.objects.filter(line__order__in=orders, refund__status=Refund.Status.REFUNDED)
    return list(paid_lines.select_related("refund", "line__order").order_by("pk"))


def refunds_of_service(subscription: Subscription, *, most: int = 50) -> list[Refund]:
    """Return the latest refunds of a service, newest first."""
    return list(Refund.objects.filter(subscription=subscription).order_by("-pk")[:most])


def refund_of_order(order: Order) -> Refund | None:
    """Return the refund of an order of type UNSUBSCRIBE."""
    if order.order_type != Order.Type.UNSUBSCRIBE:
        return None
    return Refund.objects.filter(order=order).first()


def refunds_of_line(line: OrderLine) -> list[RefundLine]:
    """Return the refunded lines of one order line; of an unsubscription, all lines that it refunded."""
    refund_lines = RefundLine.objects.filter(refund__status=Refund.Status.REFUNDED)
    if line.order.order_type == Order.Type.UNSUBSCRIBE:
        refund_lines = refund_lines.filter(refund__order=line.order_id)
    else:
        refund_lines = refund_lines.filter(line=line)
    return list(refund_lines.select_related("refund").order_by("pk"))


def count_unanswered(seller: Seller) -> Count:
    """Count the refund requests that wait for this seller."""
    return count_up_to(Refund.objects.filter(seller=seller, status=Refund.Status.SELLER_REVIEW))
