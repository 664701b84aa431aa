"""What comes after people have decided: a delivery that ended early leaves a service that nobody delivers any more, and what was
accepted is over when the seller's interface opened it, or could not (business-rules §2.10, §4.7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from tradepost.market.base import rows
from tradepost.market.base.outbox import batched
from tradepost.market.fulfilment import by_people
from tradepost.market.fulfilment.cases import locked_subscriptions
from tradepost.market.orders.events import OrderCompleted, OrderRefunded

from . import step
from .events import SupervisionEnded
from .lifecycle import SupervisionEvent
from .models import Supervision


def release_what_ended_early(event: SupervisionEnded, now: datetime) -> None:
    """Reaction. Where all went back there never was a service."""
    if event.how != Supervision.Status.REFUNDED:
        return
    with transaction.atomic():
        found = Supervision.objects.filter(pk=event.supervision).values_list("subscription_id", flat=True)
        for held in locked_subscriptions(list(found)):
            by_people.release(held, actor=event.by, now=now)


@batched
def on_order_completed(events: Sequence[OrderCompleted], now: datetime) -> None:
    """Reaction: what was accepted is in use, and its money the seller's."""
    for one in _accepted([event.order for event in events]):
        one.effective_at = one.subscription.started_at
        step.end(one, SupervisionEvent.DELIVER, by=step.MARKET, now=now)


def on_order_refunded(event: OrderRefunded, now: datetime) -> None:
    """Reaction: the seller's interface could not open it; all that was held is paid back."""
    for one in _accepted([event.order]):
        one.refunded_minor = one.line.amount_minor
        step.end(one, SupervisionEvent.REFUND, by=step.MARKET, now=now)


def _accepted(orders: Sequence[str]) -> list[Supervision]:
    """Those of these orders that wait for their opening, locked."""
    waiting = Supervision.objects.filter(line__order__number__in=orders, status=Supervision.Status.ACCEPTED)
    if not rows.any_of(waiting):
        return []
    locked = waiting.select_for_update(of=("self",)).select_related("line", "subscription")
    return list(locked.order_by("pk"))
