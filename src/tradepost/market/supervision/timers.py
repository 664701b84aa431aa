"""The timer of a supervised delivery: reminders, notices about very long deliveries, and automatic acts.

Each change of a delivery reschedules the timer. The timer itself never waits for a lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from tradepost.market.base import jobs, outbox
from tradepost.market.fulfilment.cases import with_product
from tradepost.market.subscriptions.models import Subscription

from . import step
from .clocks import Clocks, Progress, next_due_at, next_stale_at, remind_at
from .events import NodeWaits, SupervisionStale
from .models import Supervision

TIMER = "supervision.clock"
RETRY_DELAY = timedelta(seconds=1)
"""Delay before the timer runs again if the service is locked."""


def schedule_timer(supervision: Supervision, *, clocks: Clocks, now: datetime) -> None:
    """Schedule the timer by the delivery's progress. Ended deliveries keep their timer, which removes itself when it
    runs.

    At the end the order is locked, and timers must be locked before orders.
    """
    if supervision.waits:
        jobs.cancel(TIMER, str(supervision.pk))
        moment = max(next_due_at(progress_of(supervision), clocks), now)
        jobs.schedule(TIMER, str(supervision.pk), due_at=moment, payload={"supervision": supervision.pk})


def progress_of(supervision: Supervision) -> Progress:
    return Progress(
        opened_at=supervision.opened_at,
        entered_at=supervision.entered_at,
        due_at=supervision.due_at,
        reminded=supervision.reminded,
        stale_told=supervision.stale_told,
        appealed=supervision.status == Supervision.Status.APPEALED,
    )


def handle_timer(payload: Mapping[str, Any], now: datetime, *, clocks: Clocks) -> datetime | None:
    """Timer: remind and act. Skips a locked service, since the lock holder may be about to set this timer."""
    unlocked_services = Subscription.objects.select_for_update(of=("self",), skip_locked=True)
    service = with_product(unlocked_services.filter(supervision=payload["supervision"])).first()
    if service is None:
        return (
            now + RETRY_DELAY if Supervision.objects.filter(pk=payload["supervision"], ended_at=None).exists() else None
        )
    supervision = step.lock_supervision(payload["supervision"])
    if not supervision.waits:
        return None
    _publish_reminders(supervision, clocks, now)
    if (
        supervision.due_at is not None
        and supervision.due_at <= now
        and supervision.status == Supervision.Status.RUNNING
    ):
        step.act_automatically(supervision, service, clocks=clocks, now=now)
    return next_due_at(progress_of(supervision), clocks) if supervision.ended_at is None else None


def _publish_reminders(supervision: Supervision, clocks: Clocks, now: datetime) -> None:
    progress = progress_of(supervision)
    remind = remind_at(progress, clocks)
    if remind is not None and remind <= now:
        supervision.reminded = True
        outbox.publish(NodeWaits(supervision=supervision.pk, visit=supervision.visit), now=now)
    if next_stale_at(progress, clocks) <= now:
        supervision.stale_told += 1
        outbox.publish(SupervisionStale(supervision=supervision.pk, times=supervision.stale_told), now=now)
    supervision.save(update_fields=["reminded", "stale_told"])
