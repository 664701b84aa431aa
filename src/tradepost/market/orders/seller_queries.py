"""What a seller sees of orders: its own lines only, and of the buyer what the product asked for at checkout."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from tradepost.market.base.models import Move
from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller, User

from .models import Order, OrderLine


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFilter:
    """What a seller asks the list of orders for; empty means all."""

    search: str = ""
    """An order's or line's number, an instance id, or a part of a product's name."""
    status: str = ""


def seller_lines(seller: Seller, asked: LineFilter) -> QuerySet[OrderLine]:
    """The seller's order lines that fit, unordered, with order, buyer and subscription fetched."""
    lines = OrderLine.objects.filter(seller=seller).select_related("order__buyer", "subscription")
    if asked.status:
        lines = lines.filter(order__status=asked.status)
    if asked.search:
        lines = lines.filter(
            Q(number__istartswith=asked.search)
            | Q(subscription__instance_id=asked.search)
            | Q(product_name__icontains=asked.search)
            | Q(product_name_en__icontains=asked.search)
        )
    return lines


def find_line(seller: Seller, number: str) -> OrderLine | None:
    """The seller's own line with what its page names; None for anybody else's."""
    return (
        OrderLine.objects.select_related("order__buyer", "product", "offer", "subscription")
        .filter(seller=seller, number=number)
        .first()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyerContact:
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


@dataclass(frozen=True, slots=True)
class Day:
    """Orders that were paid on one day, in the market's time zone."""

    day: date
    lines: int
    amount: Money


def orders_by_day(seller: Seller, *, now: datetime, days: int, currency: str) -> list[Day]:
    """The last ``days`` days up to today, empty ones too; one query."""
    zone = timezone.get_current_timezone()
    today = now.astimezone(zone).date()
    first = today - timedelta(days=days - 1)
    start = datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(str(zone)))
    rows = (
        OrderLine.objects.filter(seller=seller, order__paid_at__gte=start, order__currency=currency)
        .annotate(day=TruncDate("order__paid_at", tzinfo=zone))
        .values("day")
        .annotate(lines=Count("pk"), minor=Sum("amount_minor"))
        .values_list("day", "lines", "minor")
    )
    found = {day: (lines, minor) for day, lines, minor in rows}
    wanted = (first + timedelta(days=n) for n in range(days))
    return [Day(day, found.get(day, (0, 0))[0], Money(found.get(day, (0, 0))[1], currency)) for day in wanted]


def total(days: list[Day], currency: str) -> Money:
    return sum((day.amount for day in days), Money(0, currency))


def open_order_count(seller: Seller) -> int:
    """Lines that were paid and are not delivered yet."""
    return OrderLine.objects.filter(seller=seller, order__status=Order.Status.PROCESSING).count()
