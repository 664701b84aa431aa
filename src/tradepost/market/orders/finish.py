"""End a paid order: delivered, or given up with the money back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from tradepost.market.base import outbox
from tradepost.market.payments import ledger

from .lifecycle import ORDER, E
from .models import Order, OrderLine


def complete_order(order: Order, *, now: datetime) -> None:
    """Every line was delivered: what was held becomes the sellers'."""
    with transaction.atomic():
        ORDER.move(order, E.COMPLETE, now=now)
        Order.objects.filter(pk=order.pk).update(ended_at=now)
        for line in OrderLine.objects.select_related("seller", "order").filter(order=order).order_by("pk"):
            ledger.earn(line.seller, line.amount, reference=line.number, order_number=order.number, now=now)
        outbox.publish("OrderCompleted", now=now, order=order.number)


def give_up_order(order: Order, *, now: datetime, reason: str, actor: str = "market") -> None:
    """A line could not be delivered within the plan: full refund (saas-v2 §3.10, business-rules §4.2)."""
    with transaction.atomic():
        ORDER.move(order, E.GIVE_UP, now=now, actor=actor, note=reason[:500])
        Order.objects.filter(pk=order.pk).update(ended_at=now)
        ledger.refund(order.buyer, order.total, reference=order.number, actor=actor, now=now)
        outbox.publish("OrderRefunded", now=now, order=order.number, reason=reason)
