"""What is read of refunds: a buyer's own, a seller's, and all that an operator may decide."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Prefetch, QuerySet

from tradepost.market.base.counting import Count, count_up_to
from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import Seller, User
from tradepost.market.subscriptions.models import Subscription

from .models import Order, OrderLine
from .refund_models import Refund, RefundLine


def _shown(refunds: QuerySet[Refund]) -> QuerySet[Refund]:
    """With lines, and what they are of."""
    lines = RefundLine.objects.select_related("line__order", "refund").order_by("pk")
    return refunds.select_related(
        "order", "seller", "buyer", "subscription__product", "subscription__offer"
    ).prefetch_related(Prefetch("lines", lines))


def refunds_of_buyer(buyer: User, *, status: str = "", after: str = "", size: int = 20) -> Page[Refund]:
    """Newest first."""
    return _page(Refund.objects.filter(buyer=buyer), status, after, size)


def refund_of_buyer(buyer: User, pk: int) -> Refund | None:
    return _shown(Refund.objects.filter(buyer=buyer, pk=pk)).first()


def refunds_of_seller(seller: Seller, *, status: str = "", after: str = "", size: int = 20) -> Page[Refund]:
    return _page(Refund.objects.filter(seller=seller), status, after, size)


def refund_of_seller(seller: Seller, pk: int) -> Refund | None:
    return _shown(Refund.objects.filter(seller=seller, pk=pk)).first()


def all_refunds(*, status: str = "", after: str = "", size: int = 25) -> Page[Refund]:
    return _page(Refund.objects.all(), status, after, size)


def find_refund(pk: int) -> Refund | None:
    return _shown(Refund.objects.filter(pk=pk)).first()


def _page(refunds: QuerySet[Refund], status: str, after: str, size: int) -> Page[Refund]:
    if status:
        refunds = refunds.filter(status=status)
    return page(refunds.select_related("seller", "buyer", "subscription__product"), after=after, size=size)


def refund_lines_of(orders: Collection[Order]) -> list[RefundLine]:
    """What was paid back of these orders, each with its refund."""
    paid = RefundLine.objects.filter(line__order__in=orders, refund__status=Refund.Status.REFUNDED)
    return list(paid.select_related("refund", "line__order").order_by("pk"))


def refunds_of_service(subscription: Subscription, *, most: int = 50) -> list[Refund]:
    """The latest ones, newest first."""
    return list(Refund.objects.filter(subscription=subscription).order_by("-pk")[:most])


def refund_by(order: Order) -> Refund | None:
    """The refund that an order of the type UNSUBSCRIBE is about."""
    if order.order_type != Order.Type.UNSUBSCRIBE:
        return None
    return Refund.objects.filter(order=order).first()


def refunds_of_line(line: OrderLine) -> list[RefundLine]:
    """What was paid back of one order line; of an unsubscription, the lines that it paid back."""
    about = RefundLine.objects.filter(refund__status=Refund.Status.REFUNDED)
    if line.order.order_type == Order.Type.UNSUBSCRIBE:
        about = about.filter(refund__order=line.order_id)
    else:
        about = about.filter(line=line)
    return list(about.select_related("refund").order_by("pk"))


def to_answer(seller: Seller) -> Count:
    """How many wait for this seller."""
    return count_up_to(Refund.objects.filter(seller=seller, status=Refund.Status.SELLER_REVIEW))
