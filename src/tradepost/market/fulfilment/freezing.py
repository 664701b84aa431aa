"""Freeze subscriptions, lift freezes, and set the ends of expired ones. The lane's queue decides about calls to the
seller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from tradepost.market.base import outbox, rows
from tradepost.market.base.values import replace
from tradepost.market.subscriptions.events import SubscriptionExpired, SubscriptionFrozen, SubscriptionUnfrozen
from tradepost.market.subscriptions.life import LifeFacts
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION, SubscriptionEvent
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.subscriptions.renewable import ServiceEnd, service_end_of


def add_reason(
    subscriptions: Sequence[Subscription], reason: Freeze.Reason, *, actor: str, note: str = "", now: datetime
) -> None:
    """Freeze these subscriptions for this reason; access closes at once. An existing reason is kept.

    They are locked and in use; call ``operate.settle`` afterwards.
    """
    if not subscriptions:
        return
    active = Freeze.objects.filter(subscription__in=subscriptions, reason=reason, lifted_at=None)
    frozen_already = set(active.values_list("subscription", flat=True))
    affected_subscriptions = [subscription for subscription in subscriptions if subscription.pk not in frozen_already]
    Freeze.objects.bulk_create(
        Freeze(subscription=subscription, reason=reason, since=now, actor=actor, note=note[:500])
        for subscription in affected_subscriptions
    )
    if reason == Freeze.Reason.EXPIRED:
        _keep_full_retention(affected_subscriptions, now)
    newly_frozen = [
        subscription for subscription in affected_subscriptions if subscription.status == Subscription.Status.ACTIVE
    ]
    SUBSCRIPTION.move_all(newly_frozen, SubscriptionEvent.FREEZE, now=now, actor=actor, note=note[:500])
    # The buyer is notified of the expiry even if the service was frozen before, because it has deadlines.
    notified_subscriptions = affected_subscriptions if reason == Freeze.Reason.EXPIRED else newly_frozen
    outbox.publish_all(
        [
            SubscriptionFrozen(subscription=subscription.pk, at=now, reason=reason.value)
            for subscription in notified_subscriptions
        ],
        now=now,
    )


def begin_grace(subscriptions: Sequence[Subscription], facts: Mapping[int, LifeFacts], *, now: datetime) -> None:
    """Begin the grace of expired subscriptions: set freeze and release by the buyer's present level, and notify the
    buyer unless a renewal is paid. They are locked."""
    if not subscriptions:
        return
    _set_ending(
        {
            subscription.pk: service_end_of(subscription, renewing=facts[subscription.pk].renewing)
            for subscription in subscriptions
        },
        subscriptions,
    )
    outbox.publish_all(
        [
            SubscriptionExpired(
                subscription=subscription.pk, ended=subscription.expires_at, freezes_at=subscription.freeze_at, releases_at=subscription.release_at
            )
            for subscription in subscriptions
            if _notifies_of_grace(subscription, facts[subscription.pk], now)
            and subscription.expires_at is not None and subscription.freeze_at is not None and subscription.release_at is not None
        ],
        now=now,
    )  # fmt: skip


def _notifies_of_grace(subscription: Subscription, facts: LifeFacts, now: datetime) -> bool:
    is_usable = subscription.status == Subscription.Status.ACTIVE and (subscription.freeze_at or now) > now
    return is_usable and not facts.prolonging and not facts.ending


def _keep_full_retention(subscriptions: Sequence[Subscription], now: datetime) -> None:
    """Keep frozen subscriptions as long as set at their expiry. If that time has passed, for example after an outage,
    the buyer gets the full retention, because nothing is deleted without notice."""
    endings = {}
    for subscription in subscriptions:
        ending = service_end_of(subscription)
        if ending is not None and ending.releases_at <= now:
            ending = replace(ending, releases_at=now + (ending.releases_at - ending.freezes_at))
        endings[subscription.pk] = ending
    _set_ending(endings, subscriptions)


_ENDING = {"freeze_at": "timestamptz", "release_at": "timestamptz"}


def _set_ending(endings: Mapping[int, ServiceEnd | None], subscriptions: Sequence[Subscription]) -> None:
    changed_subscriptions = []
    for subscription in subscriptions:
        ending = endings[subscription.pk]
        if ending is None or (subscription.freeze_at, subscription.release_at) == (
            ending.freezes_at,
            ending.releases_at,
        ):
            continue
        subscription.freeze_at, subscription.release_at = ending.freezes_at, ending.releases_at
        moments = {"freeze_at": rows.moment(subscription.freeze_at), "release_at": rows.moment(subscription.release_at)}
        changed_subscriptions.append({"id": subscription.pk, **moments})
    if changed_subscriptions:
        rows.update("subscriptions_subscription", _ENDING, changed_subscriptions)


def lift(subscriptions: Sequence[Subscription], reason: Freeze.Reason, *, actor: str = "market", now: datetime) -> None:
    """Lift this reason; without another one they are usable again. They are locked."""
    subscriptions = [
        subscription for subscription in subscriptions if subscription.status == Subscription.Status.FROZEN
    ]
    if not subscriptions:
        return
    lifted_freezes = Freeze.objects.filter(subscription__in=subscriptions, reason=reason, lifted_at=None)
    if not lifted_freezes.update(lifted_at=now):
        return
    if reason == Freeze.Reason.EXPIRED:
        Subscription.objects.filter(pk__in=[subscription.pk for subscription in subscriptions]).update(
            freeze_at=None, release_at=None
        )
        for subscription in subscriptions:
            subscription.freeze_at = subscription.release_at = None
    remaining = Freeze.objects.filter(subscription__in=subscriptions, lifted_at=None)
    frozen = set(remaining.values_list("subscription", flat=True))
    usable_subscriptions = [subscription for subscription in subscriptions if subscription.pk not in frozen]
    SUBSCRIPTION.move_all(usable_subscriptions, SubscriptionEvent.UNFREEZE, now=now, actor=actor)
    outbox.publish_all(
        [SubscriptionUnfrozen(subscription=subscription.pk, at=now) for subscription in usable_subscriptions], now=now
    )


def reasons_of(subscriptions: Sequence[Subscription]) -> dict[int, frozenset[str]]:
    """Return the active reasons by subscription key; only frozen ones have any."""
    by_subscription: dict[int, set[str]] = {}
    frozen = [subscription for subscription in subscriptions if subscription.status == Subscription.Status.FROZEN]
    active = Freeze.objects.filter(subscription__in=frozen, lifted_at=None) if frozen else ()
    for freeze in active:
        by_subscription.setdefault(freeze.subscription_id, set()).add(freeze.reason)
    return {pk: frozenset(reasons) for pk, reasons in by_subscription.items()}
