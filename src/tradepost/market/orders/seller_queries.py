"""Orders as a seller sees them: only its own lines, and only the buyer data that the product requests at checkout."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db.models import Q, Sum
from msgspec import Struct

from tradepost.market.base.counting import Count, count_up_to
from tradepost.market.base.models import Move
from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import Seller, User
from tradepost.market.subscriptions.models import Subscription

from .models import Order, OrderLine, SalesDay
from .sales import day_of
from .search import lines_between, lines_by_number, lines_of_products


class LineFilter(Struct, frozen=True, kw_only=True):
    """Filters of a seller's list; empty fields do not filter."""

    search: str = ""
    """A whole instance ID, or a text for ``search``: beginning or end of a number, or part of a product name."""
    status: str = ""
    since: datetime | None = None
    until: datetime | None = None
    """Range of the placement time; ``until`` is exclusive."""


def seller_lines(seller: Seller, filters: LineFilter, *, after: str = "", size: int = 25) -> Page[OrderLine]:
    """Return the seller's matching lines, newest first, with order, buyer and subscription."""
    lines = OrderLine.objects.filter(seller=seller).select_related("order__buyer", "subscription")
    if filters.status:
        lines = lines.filter(status=filters.status)
    by_number = (
        _instance_condition(seller, filters.search) or lines_by_number(filters.search) if filters.search else Q()
    )
    if by_number is not None:
        return page(lines_between(lines.filter(by_number), filters.since, filters.until), after=after, size=size)
    keys = lines_of_products(
        seller,
        filters.search,
        status=filters.status,
        since=filters.since,
        until=filters.until,
        after=after,
        most=size + 1,
    )
    return page(lines.filter(pk__in=keys), after=after, size=size)


def _instance_condition(seller: Seller, text: str) -> Q | None:
    subscription = Subscription.objects.filter(seller=seller, instance_id=text).values_list("pk", flat=True).first()
    return None if subscription is None else Q(subscription=subscription)


def find_line(seller: Seller, number: str) -> OrderLine | None:
    """Return the seller's line with the objects that its page shows; None for another seller's line."""
    return (
        OrderLine.objects.select_related(
            "order__buyer", "product", "offer", "subscription__product", "subscription__offer"
        )
        .filter(seller=seller, number=number)
        .first()
    )


class BuyerContact(Struct, frozen=True, kw_only=True):
    """Buyer data that a seller may see. Contact data only if the product requests it (saas-v2 §1.5) and the order was
    paid."""

    customer_id: str
    name: str
    mobile: str
    email: str


def buyer_contact(line: OrderLine) -> BuyerContact:
    buyer, is_paid = line.order.buyer, line.order.paid_at is not None
    return BuyerContact(
        customer_id=buyer.customer_id,
        name=buyer_name(buyer),
        mobile=buyer.phone if is_paid and line.product.asks_mobile else "",
        email=buyer.email if is_paid and line.product.asks_email else "",
    )


def buyer_name(buyer: User) -> str:
    """Return the company or personal name, as customerName in the order query. Never the e-mail address."""
    return buyer.company or buyer.name


def state_changes_of(line: OrderLine) -> list[Move]:
    """Return the state changes of the order and its subscription, oldest first."""
    subjects = Q(lifecycle="order", subject=str(line.order_id))
    if line.subscription_id:
        subjects |= Q(lifecycle="subscription", subject=str(line.subscription_id))
    return list(Move.objects.filter(subjects).order_by("at", "pk"))


class Day(Struct, frozen=True):
    """Orders paid on one day in the market's time zone."""

    day: date
    lines: int
    amount: Money


def orders_by_day(seller: Seller, *, now: datetime, days: int, currency: str) -> list[Day]:
    """Return the last ``days`` days up to today, including empty ones, in one query of the counts (``sales``)."""
    first_day = day_of(now) - timedelta(days=days - 1)
    counted_days = SalesDay.objects.filter(seller=seller, currency=currency, day__gte=first_day)
    sums = counted_days.values_list("day").annotate(Sum("lines"), Sum("amount_minor"))
    by_day = {day: (lines, minor) for day, lines, minor in sums}
    dates = (first_day + timedelta(days=n) for n in range(days))
    return [Day(day, by_day.get(day, (0, 0))[0], Money(by_day.get(day, (0, 0))[1], currency)) for day in dates]


def total(days: list[Day], currency: str) -> Money:
    return sum((day.amount for day in days), Money(0, currency))


def open_order_count(seller: Seller) -> Count:
    """Count paid lines that are not delivered yet."""
    return count_up_to(OrderLine.objects.filter(seller=seller, status=Order.Status.PROCESSING))
