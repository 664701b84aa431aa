"""The life of an order as a table."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .models import Order

OrderStatus = Order.Status


class OrderEvent(StrEnum):
    PAY = "pay"
    CANCEL = "cancel"
    TIME_OUT = "time out"
    COMPLETE = "complete"
    GIVE_UP = "give up"


ORDER: Lifecycle[OrderStatus, OrderEvent] = Lifecycle(
    "order",
    {
        (OrderStatus.UNPAID, OrderEvent.PAY): OrderStatus.PROCESSING,
        (OrderStatus.UNPAID, OrderEvent.CANCEL): OrderStatus.CANCELLED,
        (OrderStatus.UNPAID, OrderEvent.TIME_OUT): OrderStatus.CANCELLED,
        (OrderStatus.PROCESSING, OrderEvent.COMPLETE): OrderStatus.COMPLETED,
        (OrderStatus.PROCESSING, OrderEvent.GIVE_UP): OrderStatus.REFUNDED,
    },
)
