"""Cancel unpaid orders, by the buyer or by the market when the payment time is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from tradepost.market.base import jobs, outbox

from .events import OrderCancelled
from .lifecycle import ORDER, OrderEvent
from .models import Order
from .place import UNPAID_TIMEOUT


def cancel_order(order: Order, *, actor: str, now: datetime) -> None:
    """Cancel the order. Raises ``IllegalTransition`` if it is not unpaid."""
    cancel_orders([order], actor=actor, now=now)


def cancel_orders(orders: Sequence[Order], *, actor: str, now: datetime) -> None:
    """Cancel all of these orders, or none. Raises ``IllegalTransition`` if one of them is not unpaid."""
    keys = [order.pk for order in orders]
    with transaction.atomic():
        # The timer locks its own row before the order; use the same sequence.
        jobs.cancel_all([UNPAID_TIMEOUT], [order.number for order in orders])
        list(Order.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk").values_list("pk"))
        ORDER.move_all(orders, OrderEvent.CANCEL, now=now, actor=actor)
        Order.objects.filter(pk__in=keys).update(ended_at=now)
        for order in orders:
            outbox.publish(OrderCancelled(order=order.number, by="buyer"), now=now)


def cancel_for_market(order: Order, *, now: datetime) -> None:
    """Cancel an unpaid order on behalf of the market, because its product or service no longer exists."""
    with transaction.atomic():
        jobs.cancel(UNPAID_TIMEOUT, order.number)  # first, as above
        ORDER.move(order, OrderEvent.CANCEL, now=now)
        Order.objects.filter(pk=order.pk).update(ended_at=now)
        outbox.publish(OrderCancelled(order=order.number, by="market"), now=now)


def time_out(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Job: cancel the order when the payment time is over."""
    order = Order.objects.select_for_update().get(number=payload["order"])
    if order.status == Order.Status.UNPAID:
        ORDER.move(order, OrderEvent.TIME_OUT, now=now)
        Order.objects.filter(pk=order.pk).update(ended_at=now)
        outbox.publish(OrderCancelled(order=order.number, by="timeout"), now=now)
    return None
