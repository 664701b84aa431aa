"""What a seller sees of orders: its own lines only, and of the buyer what the product asked for at checkout."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet, Sum
from msgspec import Struct

from tradepost.market.base.counting import Count, count_up_to
from tradepost.market.base.models import Move
from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller, User
from tradepost.market.subscriptions.models import Subscription

from .models import Order, OrderLine, SalesDay
from .sales import day_of
from .search import lines_like


class LineFilter(Struct, frozen=True, kw_only=True):
    """What a seller asks the list of orders for; empty means all."""

    search: str = ""
    """A whole instance id, or what ``search`` knows: the beginning or end of a number, a part of a product's name."""
    status: str = ""


def seller_lines(seller: Seller, asked: LineFilter) -> QuerySet[OrderLine]:
    """The seller's order lines that fit, unordered, with order, buyer and subscription fetched."""
    lines = OrderLine.objects.filter(seller=seller).select_related("order__buyer", "subscription")
    if asked.status:
        lines = lines.filter(status=asked.status)
    if asked.search:
        held = Subscription.objects.filter(seller=seller, instance_id=asked.search).values_list("pk", flat=True).first()
        lines = lines.filter(Q(subscription=held) if held is not None else lines_like(asked.search, seller))
    return lines


def find_line(seller: Seller, number: str) -> OrderLine | None:
    """The seller's own line with what its page names; None for anybody else's."""
    return (
        OrderLine.objects.select_related(
            "order__buyer", "product", "offer", "subscription__product", "subscription__offer"
        )
        .filter(seller=seller, number=number)
        .first()
    )


class BuyerContact(Struct, frozen=True, kw_only=True):
    """Of a buyer, what a seller may know. Contacts only when the product asked for them (saas-v2 §1.5) and it was paid."""

    customer_id: str
    name: str
    mobile: str
    email: str


def buyer_contact(line: OrderLine) -> BuyerContact:
    buyer, paid = line.order.buyer, line.order.paid_at is not None
    return BuyerContact(
        customer_id=buyer.customer_id,
        name=buyer_name(buyer),
        mobile=buyer.phone if paid and line.product.asks_mobile else "",
        email=buyer.email if paid and line.product.asks_email else "",
    )


def buyer_name(buyer: User) -> str:
    """Company, else the person's name: what the order query calls customerName. Never the e-mail address."""
    return buyer.company or buyer.name


def moves_of(line: OrderLine) -> list[Move]:
    """What happened to the order and its subscription, oldest first."""
    about = Q(lifecycle="order", subject=str(line.order_id))
    if line.subscription_id:
        about |= Q(lifecycle="subscription", subject=str(line.subscription_id))
    return list(Move.objects.filter(about).order_by("at", "pk"))


class Day(Struct, frozen=True):
    """Orders that were paid on one day, in the market's time zone."""

    day: date
    lines: int
    amount: Money


def orders_by_day(seller: Seller, *, now: datetime, days: int, currency: str) -> list[Day]:
    """The last ``days`` days up to today, empty ones too; one query, of the kept counts (``sales``)."""
    first = day_of(now) - timedelta(days=days - 1)
    counted = SalesDay.objects.filter(seller=seller, currency=currency, day__gte=first)
    sums = counted.values_list("day").annotate(Sum("lines"), Sum("amount_minor"))
    found = {day: (lines, minor) for day, lines, minor in sums}
    wanted = (first + timedelta(days=n) for n in range(days))
    return [Day(day, found.get(day, (0, 0))[0], Money(found.get(day, (0, 0))[1], currency)) for day in wanted]


def total(days: list[Day], currency: str) -> Money:
    return sum((day.amount for day in days), Money(0, currency))


def open_order_count(seller: Seller) -> Count:
    """Lines that were paid and are not delivered yet."""
    return count_up_to(OrderLine.objects.filter(seller=seller, status=Order.Status.PROCESSING))
