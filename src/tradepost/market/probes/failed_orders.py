"""Count orders that failed through a product's interface, by month (business-rules §10, saas-v2 §3.10).

Above the limit, an operator decides whether to delist the product. Nothing is delisted automatically.
"""

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
from .outcome import NOT_SELLERS_FAULT
from .watch import Watch

BUSINESS_CODES = frozenset(f"{code:06}" for code in range(100, 200))
"""Result codes by which a seller's program correctly refuses an order for a business reason (saas-v2 §4)."""
_FAULTS = frozenset(map(str, Fault))


def month_of(at: datetime, zone: tzinfo) -> date:
    """Return the first day of the month in the market's time zone."""
    return at.astimezone(zone).date().replace(day=1)


def is_interface_fault(verdict: str) -> bool:
    """Return whether a given-up call with this verdict failed through the seller's interface."""
    if verdict in _FAULTS:
        return verdict not in NOT_SELLERS_FAULT
    return bool(verdict) and verdict not in BUSINESS_CODES and verdict not in {"done", "pending"}


def count_failed_order(number: str, *, watch: Watch, now: datetime) -> None:
    """Count a refunded order for each product whose interface failed. Idempotent."""
    order = Order.objects.filter(number=number).first()
    if order is None:
        return
    failed_at, month = order.ended_at or now, month_of(order.ended_at or now, watch.zone)
    for product, reason in _failed_products(order):
        with transaction.atomic():
            # Two orders that fail simultaneously are counted one after the other.
            Health.objects.bulk_create([Health(product_id=product)], ignore_conflicts=True)
            Health.objects.select_for_update(of=("self",)).get(pk=product)
            _, is_new = FailedOrder.objects.get_or_create(
                order=order, product_id=product, defaults={"month": month, "failed_at": failed_at, "reason": reason}
            )
            if is_new:
                _create_work_item(product, month, watch=watch, now=now)


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


def _create_work_item(product: int, month: date, *, watch: Watch, now: datetime) -> None:
    """Create a work item once a month, for the first order above the limit."""
    orders = FailedOrder.objects.filter(product=product, month=month).count()
    if orders <= watch.failed_orders:
        return
    _, is_new = WorkItem.objects.get_or_create(
        kind=WorkItem.Kind.FAILED_ORDERS, product_id=product, occasion=f"{month}", defaults={"opened_at": now}
    )
    if is_new:
        outbox.publish(FailedOrdersExceeded(product=product, month=month, orders=orders, at=now), now=now)


@batched
def on_order_completed(events: Sequence[OrderCompleted], now: datetime) -> None:
    """Mark earlier failures as healed when the interface delivers again. Usually there are none."""
    unhealed_orders = FailedOrder.objects.filter(healed_at=None)
    if not unhealed_orders.exists():
        return
    lines = OrderLine.objects.filter(order__number__in=[event.order for event in events])
    products = lines.values_list("offer__sku__spec__product", flat=True).distinct()
    unhealed_orders.filter(product__in=list(products)).update(healed_at=now)
