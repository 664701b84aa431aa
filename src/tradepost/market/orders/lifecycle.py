"""State transitions of an order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import models

from tradepost.market.base.lifecycle import Lifecycle

from .models import Order, OrderLine
from .reserve import release_reservations

OrderStatus = Order.Status


class OrderEvent(StrEnum):
    PAY = "pay"
    CANCEL = "cancel"
    TIME_OUT = "time out"
    COMPLETE = "complete"
    GIVE_UP = "give up"
    RETURN = "return"
    """The buyer returns the order before using it."""
    REFUND = "refund"
    """The whole payment was refunded."""


RELEASES = frozenset({OrderEvent.CANCEL, OrderEvent.TIME_OUT, OrderEvent.GIVE_UP, OrderEvent.RETURN, OrderEvent.REFUND})


class OrderLifecycle(Lifecycle[OrderStatus, OrderEvent], frozen=True):
    """Order lifecycle that also updates the status of the lines, and releases reservations when an order ends
    undelivered or fully refunded (business-rules §3.7)."""

    def move_all(
        self,
        subjects: Sequence[models.Model],
        event: OrderEvent,
        *,
        now: datetime,
        actor: str = "market",
        note: str = "",
        **changes: Any,
    ) -> None:
        super().move_all(subjects, event, now=now, actor=actor, note=note, **changes)
        by_status: defaultdict[str, list[int]] = defaultdict(list)
        for order in subjects:
            by_status[order.status].append(order.pk)  # type: ignore[attr-defined]  # orders
        for status, keys in by_status.items():
            OrderLine.objects.filter(order__in=keys).update(status=status)
        if event in RELEASES:
            release_reservations([order.pk for order in subjects], now=now)


ORDER = OrderLifecycle(
    "order",
    {
        (OrderStatus.UNPAID, OrderEvent.PAY): OrderStatus.PROCESSING,
        (OrderStatus.UNPAID, OrderEvent.CANCEL): OrderStatus.CANCELLED,
        (OrderStatus.UNPAID, OrderEvent.TIME_OUT): OrderStatus.CANCELLED,
        (OrderStatus.PROCESSING, OrderEvent.COMPLETE): OrderStatus.COMPLETED,
        (OrderStatus.PROCESSING, OrderEvent.GIVE_UP): OrderStatus.REFUNDED,
        (OrderStatus.PROCESSING, OrderEvent.RETURN): OrderStatus.REFUNDED,
        (OrderStatus.COMPLETED, OrderEvent.REFUND): OrderStatus.REFUNDED,
    },
)
