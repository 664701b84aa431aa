"""Orders that a product's interface failed, counted by month: one more than may asks an operator whether to delist it
(business-rules §10, saas-v2 §3.10). Nothing is delisted by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, tzinfo

from django.db import transaction

from tradepost.market.base import outbox
from tradepost.market.base.outbox import batched
from tradepost.market.orders.events import OrderCompleted
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.production.models import Call
from tradepost.protocols.commands import Fault

from .events import FailedOrdersExceeded
from .models import FailedOrder, Health, WorkItem
from .outcome import OURS
from .watch import Watch

BUSINESS = frozenset(f"{code:06}" for code in range(100, 200))
"""Result codes by which a seller's program refuses an order for a reason of business (saas-v2 §4): it works as it should."""
_FAULTS = frozenset(map(str, Fault))


def month_of(at: datetime, zone: tzinfo) -> date:
    """First day of the month in the market's time zone."""
    return at.astimezone(zone).date().replace(day=1)


def is_interface_fault(verdict: str) -> bool:
    """Whether a call that was given up so failed by the seller's interface."""
    if verdict in _FAULTS:
        return verdict not in OURS
    return bool(verdict) and verdict not in BUSINESS and verdict not in {"done", "pending"}


def count(number: str, *, watch: Watch, now: datetime) -> None:
    """Count an order that was paid back for each product whose interface failed it. Repeating it changes nothing."""
    order = Order.objects.filter(number=number).first()
    if order is None:
        return
    failed_at, month = order.ended_at or now, month_of(order.ended_at or now, watch.zone)
    for product, reason in _failed_products(order):
        with transaction.atomic():
            # Two orders that fail at the same moment are counted one after the other.
            Health.objects.bulk_create([Health(product_id=product)], ignore_conflicts=True)
            Health.objects.select_for_update(of=("self",)).get(pk=product)
            _, new = FailedOrder.objects.get_or_create(
                order=order, product_id=product, defaults={"month": month, "failed_at": failed_at, "reason": reason}
            )
            if new:
                _ask_operators(product, month, watch=watch, now=now)


def _failed_products(order: Order) -> list[tuple[int, str]]:
    lines = dict(OrderLine.objects.filter(order=order).values_list("number", "offer__sku__spec__product"))
    given_up = Call.objects.filter(
        order_number=order.number, purpose=Call.Purpose.ORDER, outcome=Call.Outcome.GAVE_UP
    ).order_by("pk")
    reasons = {
        lines[line]: verdict
        for line, verdict in given_up.values_list("order_line_number", "last_verdict")
        if line in lines and is_interface_fault(verdict)
    }
    return sorted(reasons.items())


def _ask_operators(product: int, month: date, *, watch: Watch, now: datetime) -> None:
    """Once in a month: the order that is one too many."""
    orders = FailedOrder.objects.filter(product=product, month=month).count()
    if orders <= watch.failed_orders:
        return
    _, new = WorkItem.objects.get_or_create(
        kind=WorkItem.Kind.FAILED_ORDERS, product_id=product, occasion=f"{month}", defaults={"opened_at": now}
    )
    if new:
        outbox.publish(FailedOrdersExceeded(product=product, month=month, orders=orders, at=now), now=now)


@batched
def on_order_completed(events: Sequence[OrderCompleted], now: datetime) -> None:
    """The interface delivered again: what failed before is marked so. Mostly nothing did."""
    unhealed = FailedOrder.objects.filter(healed_at=None)
    if not unhealed.exists():
        return
    lines = OrderLine.objects.filter(order__number__in=[event.order for event in events])
    products = lines.values_list("offer__sku__spec__product", flat=True).distinct()
    unhealed.filter(product__in=list(products)).update(healed_at=now)
