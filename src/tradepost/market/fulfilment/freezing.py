"""Freeze and lift: reasons that stand or stand no more. What the seller is then told, the lane's queue decides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tradepost.market.base import outbox
from tradepost.market.subscriptions.events import SubscriptionFrozen, SubscriptionUnfrozen
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION, SubscriptionEvent
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.subscriptions.renewable import RETENTION


def add_reason(
    subscriptions: Sequence[Subscription], reason: Freeze.Reason, *, actor: str, note: str = "", now: datetime
) -> None:
    """From now on they are frozen for this reason, by the market's own word: access closes at once. A reason that stands
    already is left as it is. The subscriptions are locked and alive; ask ``operate.settle`` afterwards."""
    standing = Freeze.objects.filter(subscription__in=subscriptions, reason=reason, lifted_at=None)
    known = set(standing.values_list("subscription", flat=True))
    new = [one for one in subscriptions if one.pk not in known]
    Freeze.objects.bulk_create(
        Freeze(subscription=one, reason=reason, since=now, actor=actor, note=note[:500]) for one in new
    )
    if reason == Freeze.Reason.EXPIRED:
        for one in new:
            _keep_until(one)
    freshly = [one for one in new if one.status == Subscription.Status.ACTIVE]
    SUBSCRIPTION.move_all(freshly, SubscriptionEvent.FREEZE, now=now, actor=actor, note=note[:500])
    # That its time is over its buyer learns even when it was frozen before: until when it can be renewed and is kept.
    told = new if reason == Freeze.Reason.EXPIRED else freshly
    outbox.publish_all([SubscriptionFrozen(subscription=one.pk, at=now, reason=reason.value) for one in told], now=now)


def _keep_until(subscription: Subscription) -> None:
    """The seller keeps the data until then; never shorter than was said before."""
    if subscription.expires_at is None:
        return
    until = subscription.expires_at + RETENTION
    subscription.release_at = max(subscription.release_at or until, until)
    subscription.save(update_fields=["release_at"])


def lift(subscriptions: Sequence[Subscription], reason: Freeze.Reason, *, actor: str = "market", now: datetime) -> None:
    """The reason stands no more; where it was the only one they are usable again. Locked, as above."""
    subscriptions = [one for one in subscriptions if one.status == Subscription.Status.FROZEN]
    if not subscriptions:
        return
    lifted = Freeze.objects.filter(subscription__in=subscriptions, reason=reason, lifted_at=None)
    if not lifted.update(lifted_at=now):
        return
    if reason == Freeze.Reason.EXPIRED:
        Subscription.objects.filter(pk__in=[one.pk for one in subscriptions]).update(release_at=None)
        for one in subscriptions:
            one.release_at = None
    left = Freeze.objects.filter(subscription__in=subscriptions, lifted_at=None)
    frozen = set(left.values_list("subscription", flat=True))
    usable = [one for one in subscriptions if one.pk not in frozen]
    SUBSCRIPTION.move_all(usable, SubscriptionEvent.UNFREEZE, now=now, actor=actor)
    outbox.publish_all([SubscriptionUnfrozen(subscription=one.pk, at=now) for one in usable], now=now)


def reasons_of(subscriptions: Sequence[Subscription]) -> dict[int, frozenset[str]]:
    """The reasons that stand, for those that have one: the frozen ones alone."""
    found: dict[int, set[str]] = {}
    frozen = [one for one in subscriptions if one.status == Subscription.Status.FROZEN]
    standing = Freeze.objects.filter(subscription__in=frozen, lifted_at=None) if frozen else ()
    for freeze in standing:
        found.setdefault(freeze.subscription_id, set()).add(freeze.reason)
    return {pk: frozenset(reasons) for pk, reasons in found.items()}
