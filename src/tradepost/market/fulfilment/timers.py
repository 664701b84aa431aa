"""The one timer of a subscription's life: it is reminded, its paid time ends, it is frozen and released when each is due. Beside
it one of the beginning of paid time, of which nobody is told, and one of automatic renewals.

``watch`` sets it by where the subscription stands; whatever moves that calls ``watch`` again (business-rules §4.4).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db.models import Min, QuerySet
from msgspec import Struct, field

from tradepost.market.base import jobs
from tradepost.market.base.prepared import Among, Keys, Prepared, Slot
from tradepost.market.orders.auto_renew import tries_of
from tradepost.market.orders.settings_of import auto_rule
from tradepost.market.subscriptions.life import Facts, next_moment
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.market.subscriptions.renewable import LIVING
from tradepost.market.subscriptions.settings_of import reminders

from .models import Operation
from .registry import operation_kinds

LIFE = "subscriptions.life"
AUTO_RENEW = "subscriptions.auto_renew"
"""Of what its buyer wants renewed automatically: a timer of its own, since each try is a transaction of its own (0042)."""
EARN = "subscriptions.earn"
"""Of paid time that is to begin: its money is its seller's then, and nothing else happens, so that a sandbox's clock need not stop
for each (decision 0050)."""
AGAIN = timedelta(seconds=1)
"""When the subscription is being worked on right now."""


def watch(subscriptions: Sequence[Subscription], *, now: datetime) -> None:
    """Set the timer of each of these by the next moment of its life; none for what has no more. What is due already is due
    ``now``: nobody is late with it yet."""
    if not subscriptions:
        return
    told = reminders()
    moments = {pk: next_moment(facts, told) for pk, facts in facts_of(subscriptions).items()}
    set_to = {
        LIFE: {pk: max(at, now) for pk, at in moments.items() if at is not None},
        EARN: {pk: max(at, now) for pk, at in next_begin(moments).items()},
        AUTO_RENEW: tries_of([one for one in subscriptions if one.status in LIVING], rule=auto_rule(), now=now),
    }
    timers = {
        kind: [jobs.Timer(str(pk), at, {"subscription": pk}) for pk, at in due.items()] for kind, due in set_to.items()
    }
    jobs.set_all(timers, keys=[str(pk) for pk in moments])


def watch_opened(subscriptions: Sequence[Subscription], *, now: datetime) -> None:
    """The same for what was opened just now: nothing else can have happened to it, so that nothing need be looked up."""
    timers, told = [], reminders()
    for one in subscriptions:
        at = next_moment(Facts(living=True, expires_at=one.expires_at, since=now), told)
        if at is not None:
            timers.append(jobs.Timer(str(one.pk), at, {"subscription": one.pk}))
    jobs.schedule_all(LIFE, timers)
    renewed = [one for one in subscriptions if one.at_expiry == Subscription.AtExpiry.RENEW]
    jobs.schedule_all(AUTO_RENEW, [jobs.Timer(str(one.pk), now, {"subscription": one.pk}) for one in renewed])


def facts_of(subscriptions: Sequence[Subscription]) -> dict[int, Facts]:
    """Where each stands; a fixed number of queries."""
    living = [one for one in subscriptions if one.status in {Subscription.Status.ACTIVE, Subscription.Status.FROZEN}]
    frozen = [one for one in living if one.status == Subscription.Status.FROZEN]  # no others have a reason
    at_its_end = Freeze.objects.filter(subscription__in=frozen, reason=Freeze.Reason.EXPIRED, lifted_at=None)
    expired = set(at_its_end.values_list("subscription", flat=True)) if frozen else set()
    wanted = _wanted(living)
    return {
        one.pk: Facts(
            living=one.status in {Subscription.Status.ACTIVE, Subscription.Status.FROZEN},
            expires_at=one.expires_at,
            since=one.started_at,
            reminded_until=one.reminded_until,
            freeze_at=one.freeze_at,
            release_at=one.release_at,
            expired=one.pk in expired,
            prolonging=one.pk in wanted.prolonging,
            renewing=one.pk in wanted.renewing,
            ending=one.pk in wanted.ending,
        )
        for one in subscriptions
    }


def next_begin(subscriptions: Collection[int]) -> dict[int, datetime]:
    """By subscription the earliest beginning of paid time whose money is not yet the seller's."""
    return dict(_AHEAD(subscriptions)) if subscriptions else {}


def _ahead(subscriptions: Slot) -> QuerySet[Period, tuple[int, datetime]]:
    ahead = Period.objects.filter(Among("subscription", subscriptions), earned_at=None, cancelled_at=None)
    return ahead.values_list("subscription_id").annotate(Min("starts_at")).order_by()


_AHEAD = Prepared((Keys(),), _ahead)


class _Wanted(Struct, frozen=True):
    """Keys of subscriptions of which a paid renewal is open, or has stopped, and of which a release is wanted, stopped or not."""

    prolonging: set[int] = field(default_factory=set)
    renewing: set[int] = field(default_factory=set)
    ending: set[int] = field(default_factory=set)


_WANTED = Prepared(
    (Keys(),),
    lambda subscriptions: Operation.objects.filter(
        Among("subscription", subscriptions), status__in=["queued", "running", "stopped"]
    ).values_list("subscription_id", "kind", "status"),
)


def _wanted(subscriptions: Collection[Subscription]) -> _Wanted:
    kinds, found = operation_kinds(), _Wanted()
    for pk, name, status in _WANTED([one.pk for one in subscriptions]) if subscriptions else ():
        if pk is None:
            continue
        if kinds[name].prolongs:
            found.renewing.add(pk)
            if status != Operation.Status.STOPPED:
                found.prolonging.add(pk)
        if kinds[name].ends:
            found.ending.add(pk)
    return found
