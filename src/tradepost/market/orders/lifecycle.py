"""The life of an order as a table."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .models import Order

S = Order.Status


class E(StrEnum):
    PAY = "pay"
    CANCEL = "cancel"
    TIME_OUT = "time out"
    COMPLETE = "complete"
    GIVE_UP = "give up"


ORDER: Lifecycle[S, E] = Lifecycle(
    "order",
    {
        (S.UNPAID, E.PAY): S.PROCESSING,
        (S.UNPAID, E.CANCEL): S.CANCELLED,
        (S.UNPAID, E.TIME_OUT): S.CANCELLED,
        (S.PROCESSING, E.COMPLETE): S.COMPLETED,
        (S.PROCESSING, E.GIVE_UP): S.REFUNDED,
    },
)
