"""What a buyer is told of what happens to a service: that it ends soon or has ended, is frozen, usable again, gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.urls import reverse

from tradepost.market.base.money import Money
from tradepost.market.base.outbox import batched
from tradepost.market.base.prepared import Among, Keys, PreparedObjects
from tradepost.market.base.values import replace
from tradepost.market.billing.arrears import debt_of, open_arrears
from tradepost.market.fulfilment.cases import with_product
from tradepost.market.fulfilment.converting import convertible
from tradepost.market.fulfilment.deletion import DeletedBy, deleted_by
from tradepost.market.fulfilment.renewing import renewable
from tradepost.market.identity.models import User
from tradepost.market.images.price import hourly_of
from tradepost.market.product_types.deliverable import runs_in_cloud
from tradepost.market.subscriptions.events import (
    SubscriptionEndsSoon,
    SubscriptionExpired,
    SubscriptionFrozen,
    SubscriptionReleased,
    SubscriptionUnfrozen,
)
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.subscriptions.renewable import ServiceEnd, service_end_of

from . import facts as f
from .deletion_words import deletion
from .image_reactions import price_fact
from .tell import send_notices
from .telling import AddressedNotice

type Facts = Mapping[str, f.Json | str]
LINKS_TO_CONVERSION = frozenset({"trial_ends_soon", "trial_expired"})
NOT_RENEWABLE = frozenset({"service_ends", "service_closes", "service_ends_for_good", "service_in_grace_ends"})
"""Notices of services that can still be used: they ask the buyer to save the data."""


@batched
def on_service_ends_soon(events: Sequence[SubscriptionEndsSoon], now: datetime) -> None:
    """Told once for each end and day before it, and not of an end that was moved meanwhile."""
    subscriptions = _subscriptions(event.subscription for event in events)
    may_renew, may_convert = (
        renewable(list(subscriptions.values()), now=now),
        convertible(list(subscriptions.values()), now=now),
    )
    tellings = []
    for event in events:
        subscription = subscriptions[event.subscription]
        ending = service_end_of(subscription)
        if ending is None or subscription.expires_at != event.ends:
            continue
        once = f"{subscription.pk}/{event.ends.isoformat()}" + (f"/{event.days}" if event.days else "")
        if runs_in_cloud(subscription.product.product_type):
            kind = "image_renews_soon" if event.automatic else "image_ends_soon"
            facts = {"until": f.moment(event.ends), "price": price_fact(hourly_of(subscription))}
            tellings.append(_notice(subscription, kind, facts, once))
            continue
        is_trial = subscription.pk in may_convert
        kind = "trial_ends_soon" if is_trial else _ends_soon_kind(event, ending, may_renew=subscription.pk in may_renew)
        tellings.append(
            _notice(
                subscription, kind, {"until": f.moment(event.ends), **_deadline_facts(subscription, kind, ending)}, once
            )
        )
    send_notices(tellings, now=now)


def _ends_soon_kind(event: SubscriptionEndsSoon, ending: ServiceEnd, *, may_renew: bool) -> str:
    if event.automatic and may_renew:
        return "service_renews_soon"
    if ending.releases_at <= event.ends:
        return "service_ends_for_good"
    if ending.freezes_at > event.ends:
        return "service_to_renew" if may_renew else "service_closes"
    return "service_ends_soon" if may_renew else "service_ends"


def _deadline_facts(subscription: Subscription, kind: str, ending: ServiceEnd) -> Facts:
    return {
        "frozen": f.moment(ending.freezes_at),
        "kept": f.moment(ending.releases_at),
        "deletion": deletion(subscription, ending.releases_at, save=kind in NOT_RENEWABLE),
    }


@batched
def on_service_expired(events: Sequence[SubscriptionExpired], now: datetime) -> None:
    """It is usable for a while, and that is said; not of one that was renewed meanwhile."""
    subscriptions = _subscriptions(event.subscription for event in events)
    may_renew = renewable(list(subscriptions.values()), now=now)
    tellings = []
    for event in events:
        subscription = subscriptions[event.subscription]
        if subscription.expires_at != event.ended:
            continue
        kind = "service_in_grace" if subscription.pk in may_renew else "service_in_grace_ends"
        until = _deadline_facts(
            subscription, kind, ServiceEnd(freezes_at=event.freezes_at, releases_at=event.releases_at)
        )
        tellings.append(_notice(subscription, kind, until, f"{subscription.pk}/{event.ended.isoformat()}"))
    send_notices(tellings, now=now)


@batched
def on_service_frozen(events: Sequence[SubscriptionFrozen], now: datetime) -> None:
    """At its end the buyer learns how long the data is kept. What an operator gives a reason for is told with it
    (``operator_reactions``)."""
    operator_acts = _explained_by_operators(events)
    events = [event for event in events if (event.subscription, event.at) not in operator_acts]
    subscriptions = _subscriptions(event.subscription for event in events)
    may_renew, may_convert = (
        renewable(list(subscriptions.values()), now=now),
        convertible(list(subscriptions.values()), now=now),
    )
    in_arrears = [subscriptions[event.subscription] for event in events if event.reason == Freeze.Reason.ARREARS]
    debts = (
        _debts([subscription.buyer for subscription in in_arrears], in_arrears[0].offer.currency) if in_arrears else {}
    )

    def telling(event: SubscriptionFrozen) -> AddressedNotice:
        subscription = subscriptions[event.subscription]
        ending = service_end_of(subscription)
        if event.reason == Freeze.Reason.USED_UP:
            return _notice_at(
                subscription, "uses_used_up" if subscription.offer.charging.uses else "service_used_up", {}, event.at
            )
        at_its_end = event.reason in {"", Freeze.Reason.EXPIRED}  # the release before did not say why
        if not at_its_end or ending is None or subscription.expires_at is None or subscription.expires_at > now:
            return _freeze_notice(subscription, event, debts.get(subscription.buyer_id))
        more = {
            "until": f.moment(subscription.expires_at),
            "kept": f.moment(ending.releases_at),
            "deletion": deletion(subscription, ending.releases_at),
            "seller": f.seller_names(subscription.seller),
        }
        kind = "service_expired_renewable" if subscription.pk in may_renew else "service_expired"
        return _notice_at(subscription, "trial_expired" if subscription.pk in may_convert else kind, more, event.at)

    send_notices([telling(event) for event in events], now=now)


def _freeze_notice(
    subscription: Subscription, event: SubscriptionFrozen, debt: tuple[Money, datetime] | None
) -> AddressedNotice:
    """By its reason. A debt that was paid in the meantime is not mentioned: the service can be used again then."""
    if event.reason != Freeze.Reason.ARREARS or debt is None:
        return _notice_at(subscription, "service_frozen", {}, event.at)
    amount, closes_at = debt
    facts = {"owed": f.money(amount), "deleted": f.moment(closes_at), "deletion": deletion(subscription, closes_at)}
    return replace(
        _notice_at(subscription, "service_frozen_for_debt", facts, event.at), link=reverse("storefront:balance")
    )


def _debts(buyers: Iterable[User], currency: str) -> dict[int, tuple[Money, datetime]]:
    """What each of these owes for usage, and when its services close. Two queries for each buyer."""
    debts: dict[int, tuple[Money, datetime]] = {}
    for buyer in {buyer.pk: buyer for buyer in buyers}.values():
        debt, arrears = debt_of(buyer, currency), open_arrears(buyer, currency)
        if debt.minor and arrears is not None:
            debts[buyer.pk] = debt, arrears.releases_at
    return debts


def _explained_by_operators(events: Sequence[SubscriptionFrozen]) -> set[tuple[int, datetime]]:
    frozen = [event.subscription for event in events if event.reason == Freeze.Reason.OPERATOR]
    if not frozen:
        return set()
    reasons = Freeze.objects.filter(subscription__in=frozen, reason=Freeze.Reason.OPERATOR).exclude(note="")
    return set(reasons.values_list("subscription_id", "since"))


@batched
def on_service_unfrozen(events: Sequence[SubscriptionUnfrozen], now: datetime) -> None:
    subscriptions = _subscriptions(event.subscription for event in events)
    send_notices(
        [_notice_at(subscriptions[event.subscription], "service_unfrozen", {}, event.at) for event in events], now=now
    )


@batched
def on_service_released(events: Sequence[SubscriptionReleased], now: datetime) -> None:
    """After the retention, or whenever it was released: the data is gone. Of a period image nothing is: what its end means is
    told apart (``image_reactions``)."""
    subscriptions = _subscriptions(event.subscription for event in events)
    kinds = {pk: _RELEASE_KINDS[deleted_by(subscription)] for pk, subscription in subscriptions.items()}
    event_kinds = [(event, kind) for event in events if (kind := kinds[event.subscription])]
    send_notices(
        [_notice_at(subscriptions[event.subscription], kind, {}, event.at) for event, kind in event_kinds], now=now
    )


_RELEASE_KINDS = {
    DeletedBy.SELLER: "service_released", DeletedBy.CLOUD: "service_released", DeletedBy.IMAGE: "",
    DeletedBy.NOBODY: "service_released_plain",
}  # fmt: skip


def _notice_at(subscription: Subscription, kind: str, more: Facts, at: datetime) -> AddressedNotice:
    return _notice(subscription, kind, more, f"{subscription.pk}/{at.isoformat()}")


def _notice(subscription: Subscription, kind: str, more: Facts, once: str) -> AddressedNotice:
    facts = {"product": f.names(subscription.product.name, subscription.product.name_en), **more}
    page = "storefront:formal" if kind in LINKS_TO_CONVERSION else "storefront:subscription"
    link = reverse(page, args=[subscription.pk])
    return AddressedNotice(user=subscription.buyer, kind=kind, facts=facts, once=once, link=link)


def _subscriptions(pks: Iterable[int]) -> dict[int, Subscription]:
    return {subscription.pk: subscription for subscription in _SUBSCRIPTIONS(set(pks))}


_SUBSCRIPTIONS = PreparedObjects(
    (Keys(),), lambda keys: with_product(Subscription.objects.select_related("seller")).filter(Among("pk", keys))
)
