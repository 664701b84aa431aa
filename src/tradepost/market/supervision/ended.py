"""Reactions to the end of a supervised delivery or of its order (business-rules §2.10, §4.7).

A delivery that ended early releases its service. An accepted delivery ends when the seller's interface has opened the
service, or could not open it.
"""

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

REFUNDED_OPINION = gettext_noop("The order was refunded before the decision.")


def release_what_ended_early(event: SupervisionEnded, now: datetime) -> None:
    """Reaction: release the service of a partly refunded delivery. After a full refund there is no service."""
    if event.how != Supervision.Status.REFUNDED:
        return
    with transaction.atomic():
        subscriptions = Supervision.objects.filter(pk=event.supervision).values_list("subscription_id", flat=True)
        for service in locked_subscriptions(list(subscriptions)):
            by_people.release(service, actor=event.by, now=now)


@batched
def on_order_completed(events: Sequence[OrderCompleted], now: datetime) -> None:
    """Reaction: end accepted deliveries. The services are in use, and the seller earns the money."""
    for supervision in _of_orders([event.order for event in events], [Supervision.Status.ACCEPTED]):
        supervision.effective_at = supervision.subscription.started_at
        step.end(supervision, SupervisionEvent.DELIVER, by=step.MARKET, now=now)


def on_order_refunded(event: OrderRefunded, now: datetime) -> None:
    """Reaction: end deliveries whose order was refunded in full, because opening failed or an operator refunded it."""
    for supervision in _of_orders([event.order], [*Supervision.OPEN]):
        supervision.refunded_minor = supervision.line.amount_minor
        _close_appeal(supervision, now)
        step.end(supervision, SupervisionEvent.REFUND, by=step.MARKET, now=now)


def _close_appeal(supervision: Supervision, now: datetime) -> None:
    """Close an open appeal, which needs no decision any more."""
    open_appeals = Appeal.objects.filter(supervision=supervision, decision="")
    open_appeals.update(
        decision=Appeal.Decision.REFUND, opinion=REFUNDED_OPINION, decided_at=now, decided_by=step.MARKET
    )


def _of_orders(orders: Sequence[str], statuses: Sequence[str]) -> list[Supervision]:
    """Lock and return the deliveries of these orders with one of the statuses. Usually there are none, and nothing is
    locked."""
    supervisions = Supervision.objects.filter(line__order__number__in=orders, status__in=statuses)
    if not rows.has_any(supervisions):
        return []
    locked_supervisions = supervisions.select_for_update(of=("self",)).select_related("line", "subscription")
    return list(locked_supervisions.order_by("pk"))
