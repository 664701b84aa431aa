"""What a buyer sees of orders: the own ones only."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet
from msgspec import Struct

from tradepost.market.base.paging import Page, page
from tradepost.market.catalog.models import Spec
from tradepost.market.identity.models import User

from .models import Order, OrderLine, TrialUse
from .search import orders_of


class OrderFilter(Struct, frozen=True, kw_only=True):
    q: str = ""
    status: str = ""


def _with_lines(orders: QuerySet[Order]) -> QuerySet[Order]:
    """With ``lines``, each with its product, seller and subscription, and the refund that an unsubscription is about."""
    lines = OrderLine.objects.select_related("product", "seller", "subscription").order_by("pk")
    return orders.select_related("refund").prefetch_related(Prefetch("lines", lines))


def buyer_orders(buyer: User, asked: OrderFilter, *, after: str = "", size: int = 20) -> Page[Order]:
    """Newest first. What may be searched for: see ``search``."""
    orders = Order.objects.filter(buyer=buyer)
    if asked.status:
        orders = orders.filter(status=asked.status)
    if asked.q:
        orders = orders.filter(orders_of(buyer, asked.q, status=asked.status, after=after, most=size + 1))
    return page(_with_lines(orders), after=after, size=size)


def buyer_order(buyer: User, number: str) -> Order | None:
    """The buyer's own order; None for anybody else's."""
    return _with_lines(Order.objects.filter(buyer=buyer, number=number)).first()


def has_tried(buyer: User, spec: Spec) -> bool:
    """Whether this buyer has, or had, the trial of a spec."""
    return TrialUse.objects.filter(buyer=buyer, spec=spec).exists()


class About(Struct, frozen=True):
    """What is held, by the lines of its orders."""

    bought: OrderLine
    held: OrderLine
    """What it is now: of the latest change that was done, else of the purchase."""
    lines: tuple[OrderLine, ...] = ()
    """Of every order about it, the oldest first."""


CHANGED = (Order.Type.TRIAL_TO_FORMAL, Order.Type.RENEW, Order.Type.CHANGE)


def about(subscription_id: int) -> About | None:
    """One query; None for a subscription that no order led to."""
    lines = list(OrderLine.objects.select_related("order").filter(subscription_id=subscription_id).order_by("pk"))
    if not lines:
        return None
    done = [line for line in lines if line.order.order_type in CHANGED and line.order.status == Order.Status.COMPLETED]
    return About(lines[0], done[-1] if done else lines[0], tuple(lines))
