"""Timer task of a subscription: do the due steps of its life and set the timer again, for many at once."""

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

from .cases import lock_unlocked
from .freezing import add_reason, begin_grace
from .models import Operation
from .operate import OperationRequest, operate, settle
from .timers import RETRY_DELAY, facts_of, set_timers


@jobs.batched
def process_due(payloads: Sequence[Mapping[str, Any]], now: datetime) -> list[datetime | None]:
    """Timer task. Locked subscriptions are skipped and retried."""
    keys = [payload["subscription"] for payload in payloads]
    unlocked_subscriptions = lock_unlocked(keys)
    _process(unlocked_subscriptions, now)
    missing_keys = set(keys) - {subscription.pk for subscription in unlocked_subscriptions}
    locked_keys = (
        set(Subscription.objects.filter(pk__in=missing_keys).values_list("pk", flat=True)) if missing_keys else set()
    )
    return [now + RETRY_DELAY if pk in locked_keys else None for pk in keys]


def _process(subscriptions: Sequence[Subscription], now: datetime) -> None:
    facts = facts_of(subscriptions)
    living_subscriptions = [subscription for subscription in subscriptions if facts[subscription.pk].living]
    _remind(living_subscriptions, facts, now)
    expired_subscriptions = [
        subscription
        for subscription in living_subscriptions
        if _is_due(life.paid_time_ends_at(facts[subscription.pk]), now)
    ]
    begin_grace(expired_subscriptions, facts, now=now)
    for subscription in expired_subscriptions:
        facts[subscription.pk] = replace(
            facts[subscription.pk], freeze_at=subscription.freeze_at, release_at=subscription.release_at
        )
    frozen = [
        subscription for subscription in living_subscriptions if _is_due(life.freeze_at(facts[subscription.pk]), now)
    ]
    add_reason(frozen, Freeze.Reason.EXPIRED, actor="market", now=now)
    released_subscriptions = _releases(living_subscriptions, facts, now)
    operate(
        [
            OperationRequest(kind="release", subscription=subscription, origin=Operation.Origin.TIMER)
            for subscription in released_subscriptions
        ],
        now=now,
    )
    settle(subscriptions, now=now)
    set_timers(subscriptions, now=now)


def _releases(
    subscriptions: Sequence[Subscription], facts: Mapping[int, life.LifeFacts], now: datetime
) -> list[Subscription]:
    """Return the due releases, with at most one that refunds a stopped renewal.

    The refund locks its buyer's account, and two batches could otherwise deadlock. The next one is due at once.
    """
    due_subscriptions = [
        subscription for subscription in subscriptions if _is_due(life.release_at(facts[subscription.pk]), now)
    ]
    paying_back = [subscription for subscription in due_subscriptions if facts[subscription.pk].renewing]
    return [subscription for subscription in due_subscriptions if not facts[subscription.pk].renewing] + paying_back[:1]


def _is_due(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment <= now


_REMINDED = {"reminded_until": "timestamptz"}


def _remind(subscriptions: Sequence[Subscription], facts: Mapping[int, life.LifeFacts], now: datetime) -> None:
    """Send reminders once, unless a renewal is paid."""
    schedule = reminders()
    due_reminders = [
        (subscription, due_reminder)
        for subscription in subscriptions
        if (due_reminder := life.due_reminder(facts[subscription.pk], schedule, now=now))
    ]
    for subscription, reminder in due_reminders:
        subscription.reminded_until = reminder.at
    changed_subscriptions = [
        {"id": subscription.pk, "reminded_until": rows.moment(subscription.reminded_until)}
        for subscription, _ in due_reminders
    ]
    if changed_subscriptions:
        rows.update("subscriptions_subscription", _REMINDED, changed_subscriptions)
    events = [
        SubscriptionEndsSoon(
            subscription=subscription.pk,
            ends=subscription.expires_at,
            days=reminder.days,
            automatic=subscription.at_expiry == Subscription.AtExpiry.RENEW,
        )
        for subscription, reminder in due_reminders
        if subscription.expires_at is not None
        and not facts[subscription.pk].prolonging
        and not facts[subscription.pk].ending
    ]
    outbox.publish_all(events, now=now)
