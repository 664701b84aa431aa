"""The one timer of a subscription's life: it is reminded, its paid time begins, it is frozen and released when each is due.

``watch`` sets it by where the subscription stands; whatever moves that calls ``watch`` again (business-rules §4.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from tradepost.market.base import jobs
from tradepost.market.subscriptions.life import Facts, next_moment
from tradepost.market.subscriptions.models import Freeze, Period, Subscription

from .models import Operation
from .registry import operation_kinds

LIFE = "subscriptions.life"
AGAIN = timedelta(seconds=1)
"""When the subscription is being worked on right now."""


def watch(subscriptions: Sequence[Subscription], *, now: datetime) -> None:
    """Set the timer of each of these by the next moment of its life; none for what has no more."""
    if not subscriptions:
        return
    moments = {pk: next_moment(facts, now=now) for pk, facts in facts_of(subscriptions).items()}
    jobs.cancel_all([LIFE], [str(pk) for pk in moments])
    jobs.schedule_all(
        LIFE, [jobs.Timer(str(pk), at, {"subscription": pk}) for pk, at in moments.items() if at is not None]
    )


def watch_opened(subscriptions: Sequence[Subscription], *, now: datetime) -> None:
    """The same for what was opened just now: nothing else can have happened to it, so that nothing need be looked up."""
    timers = []
    for one in subscriptions:
        at = next_moment(Facts(living=True, expires_at=one.expires_at, since=now), now=now)
        if at is not None:
            timers.append(jobs.Timer(str(one.pk), at, {"subscription": one.pk}))
    jobs.schedule_all(LIFE, timers)


def facts_of(subscriptions: Sequence[Subscription]) -> dict[int, Facts]:
    """Where each stands; a fixed number of queries."""
    living = [one for one in subscriptions if one.status in {Subscription.Status.ACTIVE, Subscription.Status.FROZEN}]
    frozen = [one for one in living if one.status == Subscription.Status.FROZEN]  # no others have a reason
    at_its_end = Freeze.objects.filter(subscription__in=frozen, reason=Freeze.Reason.EXPIRED, lifted_at=None)
    expired = set(at_its_end.values_list("subscription", flat=True)) if frozen else set()
    unearned = Period.objects.filter(subscription__in=living, earned_at=None, cancelled_at=None)
    to_begin = dict(unearned.order_by("-starts_at").values_list("subscription_id", "starts_at"))
    prolonging, ending = _under_way(living)
    return {
        one.pk: Facts(
            living=one.status in {Subscription.Status.ACTIVE, Subscription.Status.FROZEN},
            expires_at=one.expires_at,
            since=one.started_at,
            release_at=one.release_at,
            expired=one.pk in expired,
            prolonging=one.pk in prolonging,
            ending=one.pk in ending,
            begins_at=to_begin.get(one.pk),
        )
        for one in subscriptions
    }


def _under_way(subscriptions: Iterable[Subscription]) -> tuple[set[int], set[int]]:
    """Of which a paid renewal is open, and of which a release is wanted already, stopped or not."""
    kinds = operation_kinds()
    prolonging, ending = set(), set()
    wanted = Operation.objects.filter(
        subscription__in=subscriptions, status__in=["queued", "running", "stopped"]
    ).values_list("subscription_id", "kind", "status")
    for pk, name, status in wanted:
        if pk is None:
            continue
        if kinds[name].prolongs and status != Operation.Status.STOPPED:
            prolonging.add(pk)
        if kinds[name].ends:
            ending.add(pk)
    return prolonging, ending
