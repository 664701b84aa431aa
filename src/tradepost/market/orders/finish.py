"""End a paid order: delivered, or given up with the money back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from tradepost.market.base import outbox
from tradepost.market.base.work import wake
from tradepost.market.payments import ledger

from .events import OrderCompleted, OrderRefunded
from .lifecycle import ORDER, OrderEvent
from .models import Order, OrderLine


def complete_order(order: Order, *, now: datetime) -> None:
    """Every line was delivered: what was held becomes the sellers'."""
    complete_orders([order], now=now)


def complete_orders(orders: Sequence[Order], *, now: datetime) -> None:
    """The same for many orders, in few statements."""
    if not orders:
        return
    with transaction.atomic():
        ORDER.move_all(orders, OrderEvent.COMPLETE, now=now, ended_at=now)
        lines = OrderLine.objects.select_related("seller", "order").filter(order__in=orders).order_by("pk")
        ledger.earn_all(
            [
                ledger.Earning(
                    seller=line.seller, amount=line.amount, reference=line.number, order_number=line.order.number
                )
                for line in lines
            ],
            now=now,
        )
        outbox.publish_all([OrderCompleted(order=order.number) for order in orders], now=now)
        wake()


def give_up_order(order: Order, *, now: datetime, reason: str, actor: str = "market") -> None:
    """A line could not be delivered within the plan: full refund (saas-v2 §3.10, business-rules §4.2)."""
    with transaction.atomic():
        ORDER.move_all([order], OrderEvent.GIVE_UP, now=now, actor=actor, note=reason[:500], ended_at=now)
        ledger.refund(order.buyer, order.total, reference=order.number, actor=actor, now=now)
        outbox.publish(OrderRefunded(order=order.number, reason=reason), now=now)
