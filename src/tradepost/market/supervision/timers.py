"""The one timer of a supervised delivery: who must act is reminded, both sides hear of what takes very long, and the market does
what it does by itself. Whoever moves a delivery sets it anew; the timer itself waits for nobody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from tradepost.market.base import jobs, outbox
from tradepost.market.fulfilment.cases import with_product
from tradepost.market.subscriptions.models import Subscription

from . import step
from .clocks import Clocks, Standing, next_moment, next_stale_at, remind_at
from .events import NodeWaits, SupervisionStale
from .models import Supervision

TIMER = "supervision.clock"
AGAIN = timedelta(seconds=1)
"""When somebody is working on it right now."""


def watch(supervision: Supervision, *, clocks: Clocks, now: datetime) -> None:
    """Set its timer by where it stands. That of what has ended finds so itself and is no more: at the end the order is locked,
    and timers are locked before orders."""
    if supervision.waits:
        jobs.cancel(TIMER, str(supervision.pk))
        at = max(next_moment(standing_of(supervision), clocks), now)
        jobs.schedule(TIMER, str(supervision.pk), due_at=at, payload={"supervision": supervision.pk})


def standing_of(supervision: Supervision) -> Standing:
    return Standing(
        opened_at=supervision.opened_at,
        entered_at=supervision.entered_at,
        due_at=supervision.due_at,
        reminded=supervision.reminded,
        stale_told=supervision.stale_told,
        appealed=supervision.status == Supervision.Status.APPEALED,
    )


def tick(payload: Mapping[str, Any], now: datetime, *, clocks: Clocks) -> datetime | None:
    """Task. Whoever holds the service may be about to set this very timer, so that it is passed over."""
    unheld = Subscription.objects.select_for_update(of=("self",), skip_locked=True)
    held = with_product(unheld.filter(supervision=payload["supervision"])).first()
    if held is None:
        return now + AGAIN if Supervision.objects.filter(pk=payload["supervision"], ended_at=None).exists() else None
    supervision = step.locked(payload["supervision"])
    if not supervision.waits:
        return None
    _tell(supervision, clocks, now)
    if (
        supervision.due_at is not None
        and supervision.due_at <= now
        and supervision.status == Supervision.Status.RUNNING
    ):
        step.by_itself(supervision, held, clocks=clocks, now=now)
    return next_moment(standing_of(supervision), clocks) if supervision.ended_at is None else None


def _tell(supervision: Supervision, clocks: Clocks, now: datetime) -> None:
    standing = standing_of(supervision)
    remind = remind_at(standing, clocks)
    if remind is not None and remind <= now:
        supervision.reminded = True
        outbox.publish(NodeWaits(supervision=supervision.pk, visit=supervision.visit), now=now)
    if next_stale_at(standing, clocks) <= now:
        supervision.stale_told += 1
        outbox.publish(SupervisionStale(supervision=supervision.pk, times=supervision.stale_told), now=now)
    supervision.save(update_fields=["reminded", "stale_told"])
