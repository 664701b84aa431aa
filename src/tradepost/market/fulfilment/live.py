"""The task of a subscription's timer: do what is due in its life, and set the timer anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tradepost.market.base import outbox
from tradepost.market.orders.finish import earn_lines
from tradepost.market.orders.models import OrderLine
from tradepost.market.subscriptions import life
from tradepost.market.subscriptions.events import SubscriptionEndsSoon
from tradepost.market.subscriptions.models import Freeze, Period, Subscription

from .cases import with_product
from .freezing import add_reason
from .models import Operation
from .operate import OperationRequest, operate, settle
from .timers import AGAIN, facts_of, watch


def live(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Task. The subscription is not waited for: who holds it may be about to set this very timer."""
    rows = Subscription.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=payload["subscription"])
    subscription = with_product(rows).first()
    if subscription is None:
        return now + AGAIN if Subscription.objects.filter(pk=payload["subscription"]).exists() else None
    facts = facts_of([subscription])[subscription.pk]
    if facts.living:
        _remind(subscription, facts, now)
        _earn(subscription, now)
        if (at := life.freeze_at(facts)) is not None and at <= now:
            add_reason([subscription], Freeze.Reason.EXPIRED, actor="market", now=now)
        elif (at := life.release_at(facts)) is not None and at <= now:
            request = OperationRequest(kind="release", subscription=subscription, origin=Operation.Origin.TIMER)
            operate([request], now=now)
    settle([subscription], now=now)
    watch([subscription], now=now)
    return None


def _remind(subscription: Subscription, facts: life.Facts, now: datetime) -> None:
    """Told once for each end, however often this is published."""
    end, at = facts.expires_at, life.remind_at(facts)
    if end is not None and at is not None and at <= now < end and not facts.prolonging:
        outbox.publish(SubscriptionEndsSoon(subscription=subscription.pk, ends=end), now=now)


def _earn(subscription: Subscription, now: datetime) -> None:
    """Paid time has begun: its money is the seller's from now on (business-rules §8.2)."""
    begun = Period.objects.filter(subscription=subscription, earned_at=None, cancelled_at=None, starts_at__lte=now)
    lines = list(begun.values_list("line_number", flat=True))
    if lines:
        earn_lines(OrderLine.objects.filter(number__in=lines), now=now)
        Period.objects.filter(line_number__in=lines).update(earned_at=now)
