"""Orders as their buyer sees them."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet
from msgspec import Struct

from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import between
from tradepost.market.catalog.models import Spec
from tradepost.market.identity.models import User

from .models import Order, OrderLine, TrialUse
from .search import orders_by_number, orders_of_products


class OrderFilter(Struct, frozen=True, kw_only=True):
    q: str = ""
    status: str = ""
    since: datetime | None = None
    until: datetime | None = None
    """Range of the placement time; ``until`` is exclusive."""


def _with_lines(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Prefetch ``lines``, each with its product, seller and subscription, and the refund of an unsubscription."""
    lines = OrderLine.objects.select_related("product", "seller", "subscription").order_by("pk")
    return orders.select_related("refund").prefetch_related(Prefetch("lines", lines))


def buyer_orders(buyer: User, filters: OrderFilter, *, after: str = "", size: int = 20) -> Page[Order]:
    """Return the buyer's orders, newest first. ``search`` describes the search terms."""
    orders = Order.objects.filter(buyer=buyer)
    if filters.status:
        orders = orders.filter(status=filters.status)
    by_number = orders_by_number(filters.q) if filters.q else Q()
    if by_number is not None:
        orders = between(orders.filter(by_number), "placed_at", filters.since, filters.until)
        return page(_with_lines(orders), after=after, size=size)
    keys = orders_of_products(
        buyer, filters.q, status=filters.status, since=filters.since, until=filters.until, after=after, most=size + 1
    )
    return page(_with_lines(orders.filter(pk__in=keys)), after=after, size=size)


def buyer_order(buyer: User, number: str) -> Order | None:
    """Return the buyer's order; None for another buyer's order."""
    return _with_lines(Order.objects.filter(buyer=buyer, number=number)).first()


def has_used_trial(buyer: User, spec: Spec) -> bool:
    """Return whether this buyer has, or had, a trial of the specification."""
    return TrialUse.objects.filter(buyer=buyer, spec=spec).exists()


class SubscriptionLines(Struct, frozen=True):
    """Order lines of one subscription."""

    bought: OrderLine
    held: OrderLine
    """Line that describes the present subscription: of the latest completed change, otherwise of the purchase."""
    lines: tuple[OrderLine, ...] = ()
    """Lines of all orders about the subscription, oldest first."""


CHANGED = (Order.Type.TRIAL_TO_FORMAL, Order.Type.RENEW, Order.Type.CHANGE)


def lines_of_subscription(subscription_id: int) -> SubscriptionLines | None:
    """Return the order lines of a subscription in one query; None if it came from no order."""
    lines = list(OrderLine.objects.select_related("order").filter(subscription_id=subscription_id).order_by("pk"))
    if not lines:
        return None
    completed_lines = [
        line for line in lines if line.order.order_type in CHANGED and line.order.status == Order.Status.COMPLETED
    ]
    return SubscriptionLines(lines[0], completed_lines[-1] if completed_lines else lines[0], tuple(lines))
