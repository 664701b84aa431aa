"""What an explanation needs of the database: an order, a line of a seller, or a service with every order about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import Prefetch

from tradepost.market.base.numbers import whole_number
from tradepost.market.payments.queries import Movement, movements_of_orders
from tradepost.market.subscriptions.models import Period, Subscription

from .explain import ServiceFacts
from .explained import OrderFacts
from .models import Order, OrderLine, Quote
from .refund_models import Refund, RefundLine


def facts_of(orders: Sequence[Order], *, lines: Sequence[OrderLine] | None = None) -> list[OrderFacts]:
    """A fixed number of queries. ``lines``: those that a reader may see; all of them when they are not given."""
    numbers = [order.number for order in orders]
    by_order: defaultdict[int, list[OrderLine]] = defaultdict(list)
    for line in OrderLine.objects.filter(order__in=orders).order_by("pk") if lines is None else lines:
        by_order[line.order_id].append(line)
    for order in orders:
        for line in by_order[order.pk]:
            line.order = order
    moved: defaultdict[str, list[Movement]] = defaultdict(list)
    for movement in movements_of_orders(numbers):
        moved[movement.transfer.order_number].append(movement)
    seen = {line.number: order for order, ours in by_order.items() for line in ours}
    periods: defaultdict[int, list[Period]] = defaultdict(list)
    held = {line.subscription_id for ours in by_order.values() for line in ours} - {None}
    for period in Period.objects.filter(subscription__in=held).order_by("starts_at", "pk"):
        if (order_pk := seen.get(period.line_number)) is not None:
            periods[order_pk].append(period)
    back: defaultdict[int, list[RefundLine]] = defaultdict(list)
    paid_back = RefundLine.objects.filter(line__order__in=orders, refund__status=Refund.Status.REFUNDED)
    for one in paid_back.select_related("refund", "line").order_by("pk"):
        back[one.line.order_id].append(one)
    refunds = Refund.objects.filter(order__in=orders).prefetch_related(
        Prefetch("lines", RefundLine.objects.select_related("refund", "line").order_by("pk"))
    )
    refund_of = {one.order_id: one for one in refunds}
    quotes = {quote.order_id: quote for quote in Quote.objects.filter(order__in=orders)}
    return [
        OrderFacts(
            order=order,
            lines=by_order[order.pk],
            movements=moved[order.number],
            periods=periods[order.pk],
            quote=quotes.get(order.pk),
            refund_lines=[one for one in back[order.pk] if lines is None or one.line in by_order[order.pk]],
            refund=refund_of.get(order.pk),
        )
        for order in orders
    ]


def service_facts(subscription: Subscription) -> ServiceFacts:
    about = Order.objects.select_related("buyer").filter(lines__subscription=subscription).distinct().order_by("pk")
    return ServiceFacts(
        currency=subscription.offer.currency,
        orders=facts_of(list(about)),
        periods=list(Period.objects.filter(subscription=subscription).order_by("starts_at", "pk")),
    )


def find(text: str) -> Order | Subscription | None:
    """By the number of an order or of a line, else a service by its key or its instance id."""
    number = text.strip().upper()
    order = Order.objects.select_related("buyer").filter(number=number.rpartition("-")[0] or number).first()
    if order is not None:
        return order
    services = Subscription.objects.select_related("offer", "product")
    key = whole_number(text)
    found = services.filter(pk=key).first() if key is not None else None
    return found or services.filter(instance_id=text.strip()).first()
