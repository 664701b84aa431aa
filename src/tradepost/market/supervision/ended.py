"""What comes after people have decided: a delivery that ended early leaves a service that nobody delivers any more, and what was
accepted is over when the seller's interface opened it, or could not (business-rules §2.10, §4.7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_noop

from tradepost.market.base import rows
from tradepost.market.base.outbox import batched
from tradepost.market.fulfilment import by_people
from tradepost.market.fulfilment.cases import locked_subscriptions
from tradepost.market.orders.events import OrderCompleted, OrderRefunded

from . import step
from .events import SupervisionEnded
from .lifecycle import SupervisionEvent
from .models import Appeal, Supervision

PAID_BACK = gettext_noop("The order was paid back before this was decided.")


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
    for one in _of_orders([event.order for event in events], [Supervision.Status.ACCEPTED]):
        one.effective_at = one.subscription.started_at
        step.end(one, SupervisionEvent.DELIVER, by=step.MARKET, now=now)


def on_order_refunded(event: OrderRefunded, now: datetime) -> None:
    """Reaction: the seller's interface could not open it, or an operator paid the order back; all that was held is back."""
    for one in _of_orders([event.order], [*Supervision.OPEN]):
        one.refunded_minor = one.line.amount_minor
        _close_appeal(one, now)
        step.end(one, SupervisionEvent.REFUND, by=step.MARKET, now=now)


def _close_appeal(supervision: Supervision, now: datetime) -> None:
    """Nothing is left to decide."""
    still = Appeal.objects.filter(supervision=supervision, decision="")
    still.update(decision=Appeal.Decision.REFUND, opinion=PAID_BACK, decided_at=now, decided_by=step.MARKET)


def _of_orders(orders: Sequence[str], statuses: Sequence[str]) -> list[Supervision]:
    """Those of these orders that stand so, locked; of most there are none, and nothing is locked."""
    found = Supervision.objects.filter(line__order__number__in=orders, status__in=statuses)
    if not rows.any_of(found):
        return []
    locked = found.select_for_update(of=("self",)).select_related("line", "subscription")
    return list(locked.order_by("pk"))
