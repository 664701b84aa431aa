"""Freeze and lift: reasons that stand or stand no more, and what is set when the paid time ends. What the seller is then told,
the lane's queue decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from tradepost.market.base import outbox, rows
from tradepost.market.base.values import replace
from tradepost.market.subscriptions.events import SubscriptionExpired, SubscriptionFrozen, SubscriptionUnfrozen
from tradepost.market.subscriptions.life import Facts
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION, SubscriptionEvent
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.subscriptions.renewable import Ending, ending_of


def add_reason(
    subscriptions: Sequence[Subscription], reason: Freeze.Reason, *, actor: str, note: str = "", now: datetime
) -> None:
    """From now on they are frozen for this reason, by the market's own word: access closes at once. A reason that stands
    already is left as it is. The subscriptions are locked and alive; ask ``operate.settle`` afterwards."""
    if not subscriptions:
        return
    standing = Freeze.objects.filter(subscription__in=subscriptions, reason=reason, lifted_at=None)
    known = set(standing.values_list("subscription", flat=True))
    new = [one for one in subscriptions if one.pk not in known]
    Freeze.objects.bulk_create(
        Freeze(subscription=one, reason=reason, since=now, actor=actor, note=note[:500]) for one in new
    )
    if reason == Freeze.Reason.EXPIRED:
        _keep(new, now)
    freshly = [one for one in new if one.status == Subscription.Status.ACTIVE]
    SUBSCRIPTION.move_all(freshly, SubscriptionEvent.FREEZE, now=now, actor=actor, note=note[:500])
    # That its time is over its buyer learns even when it was frozen before: until when it can be renewed and is kept.
    told = new if reason == Freeze.Reason.EXPIRED else freshly
    outbox.publish_all([SubscriptionFrozen(subscription=one.pk, at=now, reason=reason.value) for one in told], now=now)


def begin_grace(subscriptions: Sequence[Subscription], facts: Mapping[int, Facts], *, now: datetime) -> None:
    """The paid time of these is over: it is set when each is frozen and released, by the level that its buyer has now, and
    its buyer is told that it stays usable until then; not where a renewal is paid already. Locked, as below."""
    if not subscriptions:
        return
    _set_ending({one.pk: ending_of(one, renewing=facts[one.pk].renewing) for one in subscriptions}, subscriptions)
    outbox.publish_all(
        [
            SubscriptionExpired(
                subscription=one.pk, ended=one.expires_at, freezes_at=one.freeze_at, releases_at=one.release_at
            )
            for one in subscriptions
            if _tells_of_grace(one, facts[one.pk], now)
            and one.expires_at is not None and one.freeze_at is not None and one.release_at is not None
        ],
        now=now,
    )  # fmt: skip


def _tells_of_grace(subscription: Subscription, facts: Facts, now: datetime) -> bool:
    usable = subscription.status == Subscription.Status.ACTIVE and (subscription.freeze_at or now) > now
    return usable and not facts.prolonging and not facts.ending


def _keep(subscriptions: Sequence[Subscription], now: datetime) -> None:
    """What is frozen for its end is kept as long as was set when that came. Where nothing of that time is left, since the
    market was down or a renewal failed only now, its buyer still has all of it: nothing is deleted before that was told."""
    endings = {}
    for one in subscriptions:
        ending = ending_of(one)
        if ending is not None and ending.releases_at <= now:
            ending = replace(ending, releases_at=now + (ending.releases_at - ending.freezes_at))
        endings[one.pk] = ending
    _set_ending(endings, subscriptions)


_ENDING = {"freeze_at": "timestamptz", "release_at": "timestamptz"}


def _set_ending(endings: Mapping[int, Ending | None], subscriptions: Sequence[Subscription]) -> None:
    changed = []
    for one in subscriptions:
        ending = endings[one.pk]
        if ending is None or (one.freeze_at, one.release_at) == (ending.freezes_at, ending.releases_at):
            continue
        one.freeze_at, one.release_at = ending.freezes_at, ending.releases_at
        moments = {"freeze_at": rows.moment(one.freeze_at), "release_at": rows.moment(one.release_at)}
        changed.append({"id": one.pk, **moments})
    if changed:
        rows.update("subscriptions_subscription", _ENDING, changed)


def lift(subscriptions: Sequence[Subscription], reason: Freeze.Reason, *, actor: str = "market", now: datetime) -> None:
    """The reason stands no more; where it was the only one they are usable again. Locked, as above."""
    subscriptions = [one for one in subscriptions if one.status == Subscription.Status.FROZEN]
    if not subscriptions:
        return
    lifted = Freeze.objects.filter(subscription__in=subscriptions, reason=reason, lifted_at=None)
    if not lifted.update(lifted_at=now):
        return
    if reason == Freeze.Reason.EXPIRED:
        Subscription.objects.filter(pk__in=[one.pk for one in subscriptions]).update(freeze_at=None, release_at=None)
        for one in subscriptions:
            one.freeze_at = one.release_at = None
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
