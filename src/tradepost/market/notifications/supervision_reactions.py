"""Notify both parties when the price of a supervised delivery is reduced."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base.money import Money
from tradepost.market.orders.events import LineReduced
from tradepost.market.supervision.models import Supervision

from . import facts as f
from .notify import send
from .subjects.supervision import SUPERVISION


def on_line_reduced(event: LineReduced, now: datetime) -> None:
    """Only of a delivery that continues; the end of a delivery has its own notices."""
    deliveries = Supervision.objects.select_related("buyer", "seller", "line__order").filter(line__number=event.line)
    delivery = deliveries.first()
    if delivery is None or not delivery.open:
        return
    facts = {"amount": f.money(Money(event.minor, delivery.line.order.currency))}
    once = f"{delivery.pk}/{delivery.line.reduced_minor}"
    send(
        [
            SUPERVISION.draft("buyer", delivery, "delivery_reduced", facts, once=once),
            SUPERVISION.draft("seller", delivery, "seller_delivery_reduced", facts, once=once),
        ],
        now=now,
    )
