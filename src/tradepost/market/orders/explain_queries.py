"""Read the data that explains orders, a seller's lines, or a service with its orders."""

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
    """Read the facts of these orders in a fixed number of queries. ``lines``: only these lines, for a reader who may
    not see all."""
    numbers = [order.number for order in orders]
    by_order: defaultdict[int, list[OrderLine]] = defaultdict(list)
    for line in OrderLine.objects.filter(order__in=orders).order_by("pk") if lines is None else lines:
        by_order[line.order_id].append(line)
    for order in orders:
        for line in by_order[order.pk]:
            line.order = order
    movements: defaultdict[str, list[Movement]] = defaultdict(list)
    for movement in movements_of_orders(numbers):
        movements[movement.transfer.order_number].append(movement)
    order_by_line = {line.number: order for order, order_lines in by_order.items() for line in order_lines}
    periods: defaultdict[int, list[Period]] = defaultdict(list)
    subscriptions = {line.subscription_id for order_lines in by_order.values() for line in order_lines} - {None}
    for period in Period.objects.filter(subscription__in=subscriptions).order_by("starts_at", "pk"):
        if (order_pk := order_by_line.get(period.line_number)) is not None:
            periods[order_pk].append(period)
    refund_lines: defaultdict[int, list[RefundLine]] = defaultdict(list)
    refunded_lines = RefundLine.objects.filter(line__order__in=orders, refund__status=Refund.Status.REFUNDED)
    for refund_line in refunded_lines.select_related("refund", "line").order_by("pk"):
        refund_lines[refund_line.line.order_id].append(refund_line)
    refunds = Refund.objects.filter(order__in=orders).prefetch_related(
        Prefetch("lines", RefundLine.objects.select_related("refund", "line").order_by("pk"))
    )
    refund_of = {refund.order_id: refund for refund in refunds}
    quotes = {quote.order_id: quote for quote in Quote.objects.filter(order__in=orders)}
    return [
        OrderFacts(
            order=order,
            lines=by_order[order.pk],
            movements=movements[order.number],
            periods=periods[order.pk],
            quote=quotes.get(order.pk),
            refund_lines=[
                refund_line
                for refund_line in refund_lines[order.pk]
                if lines is None or refund_line.line in by_order[order.pk]
            ],
            refund=refund_of.get(order.pk),
        )
        for order in orders
    ]


def service_facts(subscription: Subscription) -> ServiceFacts:
    orders = Order.objects.select_related("buyer").filter(lines__subscription=subscription).distinct().order_by("pk")
    return ServiceFacts(
        currency=subscription.offer.currency,
        orders=facts_of(list(orders)),
        periods=list(Period.objects.filter(subscription=subscription).order_by("starts_at", "pk")),
    )


def find(text: str) -> Order | Subscription | None:
    """Find an order by its number or a line number, otherwise a service by its key or instance ID."""
    number = text.strip().upper()
    order = Order.objects.select_related("buyer").filter(number=number.rpartition("-")[0] or number).first()
    if order is not None:
        return order
    services = Subscription.objects.select_related("offer", "product")
    key = whole_number(text)
    subscription = services.filter(pk=key).first() if key is not None else None
    return subscription or services.filter(instance_id=text.strip()).first()
