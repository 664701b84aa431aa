"""Timer of a subscription's life: reminders, end of paid time, freeze and release. Further timers exist for the start
of paid periods and automatic renewals.

``set_timers`` sets them by the present state; every change of that calls ``set_timers`` again (business-rules §4.4).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db.models import Min, QuerySet
from msgspec import Struct, field

from tradepost.market.base import jobs
from tradepost.market.base.prepared import Among, Keys, Prepared, Slot
from tradepost.market.orders.auto_renew import next_attempts_of
from tradepost.market.orders.settings_of import auto_rule
from tradepost.market.subscriptions.life import LifeFacts, next_moment
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.market.subscriptions.renewable import LIVE_STATUSES
from tradepost.market.subscriptions.settings_of import reminders

from .models import Operation
from .registry import operation_kinds

LIFE = "subscriptions.life"
AUTO_RENEW = "subscriptions.auto_renew"
"""For automatic renewals: a separate timer, because each attempt is its own transaction (0042)."""
EARN = "subscriptions.earn"
"""For future paid periods, whose start only books earnings, so that a sandbox clock need not stop (decision 0050)."""
RETRY_DELAY = timedelta(seconds=1)
"""Delay before retrying a locked subscription."""


def set_timers(subscriptions: Sequence[Subscription], *, now: datetime) -> None:
    """Set the timers of these subscriptions by their next moments, or delete them. Past moments are due ``now``."""
    if not subscriptions:
        return
    schedule = reminders()
    moments = {pk: next_moment(facts, schedule) for pk, facts in facts_of(subscriptions).items()}
    due_times = {
        LIFE: {pk: max(at, now) for pk, at in moments.items() if at is not None},
        EARN: {pk: max(at, now) for pk, at in next_begin(moments).items()},
        AUTO_RENEW: next_attempts_of(
            [subscription for subscription in subscriptions if subscription.status in LIVE_STATUSES],
            rule=auto_rule(),
            now=now,
        ),
    }
    timers = {
        kind: [jobs.Timer(str(pk), at, {"subscription": pk}) for pk, at in due.items()]
        for kind, due in due_times.items()
    }
    jobs.set_all(timers, keys=[str(pk) for pk in moments])


def set_opening_timers(subscriptions: Sequence[Subscription], *, now: datetime) -> None:
    """Set the timers of subscriptions just opened, without queries."""
    timers, schedule = [], reminders()
    for subscription in subscriptions:
        moment = next_moment(LifeFacts(living=True, expires_at=subscription.expires_at, since=now), schedule)
        if moment is not None:
            timers.append(jobs.Timer(str(subscription.pk), moment, {"subscription": subscription.pk}))
    jobs.schedule_all(LIFE, timers)
    renewed_subscriptions = [
        subscription for subscription in subscriptions if subscription.at_expiry == Subscription.AtExpiry.RENEW
    ]
    jobs.schedule_all(
        AUTO_RENEW,
        [
            jobs.Timer(str(renewed_subscription.pk), now, {"subscription": renewed_subscription.pk})
            for renewed_subscription in renewed_subscriptions
        ],
    )


def facts_of(subscriptions: Sequence[Subscription]) -> dict[int, LifeFacts]:
    """Return the state of each subscription in a fixed number of queries."""
    living_subscriptions = [
        subscription
        for subscription in subscriptions
        if subscription.status in {Subscription.Status.ACTIVE, Subscription.Status.FROZEN}
    ]
    frozen = [
        subscription for subscription in living_subscriptions if subscription.status == Subscription.Status.FROZEN
    ]  # only frozen ones have a reason
    expiry_freezes = Freeze.objects.filter(subscription__in=frozen, reason=Freeze.Reason.EXPIRED, lifted_at=None)
    expired_keys = set(expiry_freezes.values_list("subscription", flat=True)) if frozen else set()
    open_kinds = _open_kinds(living_subscriptions)
    return {
        subscription.pk: LifeFacts(
            living=subscription.status in {Subscription.Status.ACTIVE, Subscription.Status.FROZEN},
            expires_at=subscription.expires_at,
            since=subscription.started_at,
            reminded_until=subscription.reminded_until,
            freeze_at=subscription.freeze_at,
            release_at=subscription.release_at,
            expired=subscription.pk in expired_keys,
            prolonging=subscription.pk in open_kinds.prolonging,
            renewing=subscription.pk in open_kinds.renewing,
            ending=subscription.pk in open_kinds.ending,
        )
        for subscription in subscriptions
    }


def next_begin(subscriptions: Collection[int]) -> dict[int, datetime]:
    """Return the earliest start of unearned paid time by subscription key."""
    return dict(_UNEARNED(subscriptions)) if subscriptions else {}


def _unearned(subscriptions: Slot) -> QuerySet[Period, tuple[int, datetime]]:
    unearned_periods = Period.objects.filter(Among("subscription", subscriptions), earned_at=None, cancelled_at=None)
    return unearned_periods.values_list("subscription_id").annotate(Min("starts_at")).order_by()


_UNEARNED = Prepared((Keys(),), _unearned)


class _OpenKinds(Struct, frozen=True):
    """Keys of subscriptions with an open or stopped paid renewal, and with a requested release."""

    prolonging: set[int] = field(default_factory=set)
    renewing: set[int] = field(default_factory=set)
    ending: set[int] = field(default_factory=set)


_OPEN_OPERATIONS = Prepared(
    (Keys(),),
    lambda subscriptions: Operation.objects.filter(
        Among("subscription", subscriptions), status__in=["queued", "running", "stopped"]
    ).values_list("subscription_id", "kind", "status"),
)


def _open_kinds(subscriptions: Collection[Subscription]) -> _OpenKinds:
    kinds, result = operation_kinds(), _OpenKinds()
    for pk, name, status in (
        _OPEN_OPERATIONS([subscription.pk for subscription in subscriptions]) if subscriptions else ()
    ):
        if pk is None:
            continue
        if kinds[name].prolongs:
            result.renewing.add(pk)
            if status != Operation.Status.STOPPED:
                result.prolonging.add(pk)
        if kinds[name].ends:
            result.ending.add(pk)
    return result
