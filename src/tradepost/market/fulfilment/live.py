"""The task of a subscription's timer: do what is due in its life, and set the timer anew. Many at once, as they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tradepost.market.base import jobs, outbox, rows
from tradepost.market.base.values import replace
from tradepost.market.subscriptions import life
from tradepost.market.subscriptions.events import SubscriptionEndsSoon
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.subscriptions.settings_of import reminders

from .cases import unheld_subscriptions
from .freezing import add_reason, begin_grace
from .models import Operation
from .operate import OperationRequest, operate, settle
from .timers import AGAIN, facts_of, watch


@jobs.batched
def live(payloads: Sequence[Mapping[str, Any]], now: datetime) -> list[datetime | None]:
    """Task. No subscription is waited for: who holds it may be about to set this very timer."""
    wanted = [payload["subscription"] for payload in payloads]
    found = unheld_subscriptions(wanted)
    _live(found, now)
    left = set(wanted) - {one.pk for one in found}
    held = set(Subscription.objects.filter(pk__in=left).values_list("pk", flat=True)) if left else set()
    return [now + AGAIN if pk in held else None for pk in wanted]


def _live(subscriptions: Sequence[Subscription], now: datetime) -> None:
    facts = facts_of(subscriptions)
    living = [one for one in subscriptions if facts[one.pk].living]
    _remind(living, facts, now)
    over = [one for one in living if _is_due(life.grace_at(facts[one.pk]), now)]
    begin_grace(over, facts, now=now)
    for one in over:
        facts[one.pk] = replace(facts[one.pk], freeze_at=one.freeze_at, release_at=one.release_at)
    frozen = [one for one in living if _is_due(life.freeze_at(facts[one.pk]), now)]
    add_reason(frozen, Freeze.Reason.EXPIRED, actor="market", now=now)
    released = _releases(living, facts, now)
    operate(
        [OperationRequest(kind="release", subscription=one, origin=Operation.Origin.TIMER) for one in released], now=now
    )
    settle(subscriptions, now=now)
    watch(subscriptions, now=now)


def _releases(
    subscriptions: Sequence[Subscription], facts: Mapping[int, life.Facts], now: datetime
) -> list[Subscription]:
    """Of those with whose end a renewal that stopped is paid back, one: that locks its buyer's account, and two batches that
    lock one account after the other would wait for each other. The next one is due at once."""
    due = [one for one in subscriptions if _is_due(life.release_at(facts[one.pk]), now)]
    paying_back = [one for one in due if facts[one.pk].renewing]
    return [one for one in due if not facts[one.pk].renewing] + paying_back[:1]


def _is_due(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now


_REMINDED = {"reminded_until": "timestamptz"}


def _remind(subscriptions: Sequence[Subscription], facts: Mapping[int, life.Facts], now: datetime) -> None:
    """Told once; not where a renewal is paid already."""
    schedule = reminders()
    due = [(one, found) for one in subscriptions if (found := life.due_reminder(facts[one.pk], schedule, now=now))]
    for one, reminder in due:
        one.reminded_until = reminder.at
    changed = [{"id": one.pk, "reminded_until": rows.moment(one.reminded_until)} for one, _ in due]
    if changed:
        rows.update("subscriptions_subscription", _REMINDED, changed)
    told = [
        SubscriptionEndsSoon(
            subscription=one.pk,
            ends=one.expires_at,
            days=reminder.days,
            automatic=one.at_expiry == Subscription.AtExpiry.RENEW,
        )
        for one, reminder in due
        if one.expires_at is not None and not facts[one.pk].prolonging and not facts[one.pk].ending
    ]
    outbox.publish_all(told, now=now)
