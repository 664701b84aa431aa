"""What a buyer is told of what happens to a service: that it ends soon or has ended, is frozen, usable again, gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.urls import reverse

from tradepost.market.base.outbox import batched
from tradepost.market.base.prepared import Among, Keys, PreparedObjects
from tradepost.market.base.values import replace
from tradepost.market.billing.arrears import owed, standing
from tradepost.market.fulfilment.cases import with_product
from tradepost.market.fulfilment.converting import convertible
from tradepost.market.fulfilment.deletion import DeletedBy, deleted_by
from tradepost.market.fulfilment.renewing import renewable
from tradepost.market.identity.models import User
from tradepost.market.images.price import hourly_of
from tradepost.market.product_types.deliverable import by_cloud
from tradepost.market.subscriptions.events import (
    SubscriptionEndsSoon,
    SubscriptionExpired,
    SubscriptionFrozen,
    SubscriptionReleased,
    SubscriptionUnfrozen,
)
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.subscriptions.renewable import Ending, ending_of

from . import facts as f
from .image_reactions import price_fact
from .reactions import seller_names
from .tell import tell_all
from .telling import Telling

type Facts = Mapping[str, f.Json | str]
LEAD_TO_FORMAL = frozenset({"trial_ends_soon", "trial_expired"})


@batched
def on_service_ends_soon(events: Sequence[SubscriptionEndsSoon], now: datetime) -> None:
    """Told once for each end and day before it, and not of an end that was moved meanwhile."""
    held = _subscriptions(event.subscription for event in events)
    may_renew, may_convert = renewable(list(held.values()), now=now), convertible(list(held.values()), now=now)
    tellings = []
    for event in events:
        one = held[event.subscription]
        ending = ending_of(one)
        if ending is None or one.expires_at != event.ends:
            continue
        once = f"{one.pk}/{event.ends.isoformat()}" + (f"/{event.days}" if event.days else "")
        if by_cloud(one.product.product_type):
            kind = "image_renews_soon" if event.automatic else "image_ends_soon"
            facts = {"until": f.moment(event.ends), "price": price_fact(hourly_of(one))}
            tellings.append(_telling(one, kind, facts, once))
            continue
        trial = one.pk in may_convert
        kind = "trial_ends_soon" if trial else _ends_soon(event, ending, may_renew=one.pk in may_renew)
        tellings.append(_telling(one, kind, {"until": f.moment(event.ends), **_until(ending)}, once))
    tell_all(tellings, now=now)


def _ends_soon(event: SubscriptionEndsSoon, ending: Ending, *, may_renew: bool) -> str:
    if event.automatic and may_renew:
        return "service_renews_soon"
    if ending.releases_at <= event.ends:
        return "service_ends_for_good"
    if ending.freezes_at > event.ends:
        return "service_to_renew" if may_renew else "service_closes"
    return "service_ends_soon" if may_renew else "service_ends"


def _until(ending: Ending) -> Facts:
    return {"frozen": f.moment(ending.freezes_at), "kept": f.moment(ending.releases_at)}


@batched
def on_service_expired(events: Sequence[SubscriptionExpired], now: datetime) -> None:
    """It is usable for a while, and that is said; not of one that was renewed meanwhile."""
    held = _subscriptions(event.subscription for event in events)
    may_renew = renewable(list(held.values()), now=now)
    tellings = []
    for event in events:
        one = held[event.subscription]
        if one.expires_at != event.ended:
            continue
        kind = "service_in_grace" if one.pk in may_renew else "service_in_grace_ends"
        until = _until(Ending(freezes_at=event.freezes_at, releases_at=event.releases_at))
        tellings.append(_telling(one, kind, until, f"{one.pk}/{event.ended.isoformat()}"))
    tell_all(tellings, now=now)


@batched
def on_service_frozen(events: Sequence[SubscriptionFrozen], now: datetime) -> None:
    """At its end the buyer learns how long the data is kept. What an operator gives a reason for is told with it
    (``operator_reactions``)."""
    said = _said_by_operators(events)
    events = [event for event in events if (event.subscription, event.at) not in said]
    held = _subscriptions(event.subscription for event in events)
    may_renew, may_convert = renewable(list(held.values()), now=now), convertible(list(held.values()), now=now)
    owing = [held[event.subscription] for event in events if event.reason == Freeze.Reason.ARREARS]
    debts = _debts([one.buyer for one in owing], owing[0].offer.currency) if owing else {}

    def telling(event: SubscriptionFrozen) -> Telling:
        one = held[event.subscription]
        ending = ending_of(one)
        if event.reason == Freeze.Reason.USED_UP:
            return _at(one, "uses_used_up" if one.offer.charging.uses else "service_used_up", {}, event.at)
        at_its_end = event.reason in {"", Freeze.Reason.EXPIRED}  # the release before did not say why
        if not at_its_end or ending is None or one.expires_at is None or one.expires_at > now:
            return _frozen(one, event, debts.get(one.buyer_id))
        more = {
            "until": f.moment(one.expires_at),
            "kept": f.moment(ending.releases_at),
            "seller": seller_names(one.seller),
        }
        kind = "service_expired_renewable" if one.pk in may_renew else "service_expired"
        return _at(one, "trial_expired" if one.pk in may_convert else kind, more, event.at)

    tell_all([telling(event) for event in events], now=now)


def _frozen(one: Subscription, event: SubscriptionFrozen, debt: Facts | None) -> Telling:
    """By its reason. A debt that was paid in the meantime is not mentioned: the service can be used again then."""
    if event.reason != Freeze.Reason.ARREARS or debt is None:
        return _at(one, "service_frozen", {}, event.at)
    return replace(_at(one, "service_frozen_for_debt", debt, event.at), link=reverse("storefront:balance"))


def _debts(buyers: Iterable[User], currency: str) -> dict[int, Facts]:
    """What each of these owes for usage, and when its services are deleted. Two queries for each buyer."""
    found: dict[int, Facts] = {}
    for buyer in {buyer.pk: buyer for buyer in buyers}.values():
        debt, arrears = owed(buyer, currency), standing(buyer, currency)
        if debt.minor and arrears is not None:
            found[buyer.pk] = {"owed": f.money(debt), "deleted": f.moment(arrears.releases_at)}
    return found


def _said_by_operators(events: Sequence[SubscriptionFrozen]) -> set[tuple[int, datetime]]:
    frozen = [event.subscription for event in events if event.reason == Freeze.Reason.OPERATOR]
    if not frozen:
        return set()
    reasons = Freeze.objects.filter(subscription__in=frozen, reason=Freeze.Reason.OPERATOR).exclude(note="")
    return set(reasons.values_list("subscription_id", "since"))


@batched
def on_service_unfrozen(events: Sequence[SubscriptionUnfrozen], now: datetime) -> None:
    held = _subscriptions(event.subscription for event in events)
    tell_all([_at(held[event.subscription], "service_unfrozen", {}, event.at) for event in events], now=now)


@batched
def on_service_released(events: Sequence[SubscriptionReleased], now: datetime) -> None:
    """After the retention, or whenever it was released: the data is gone. Of a period image nothing is: what its end means is
    told apart (``image_reactions``)."""
    held = _subscriptions(event.subscription for event in events)
    kinds = {pk: _RELEASED[deleted_by(one)] for pk, one in held.items()}
    told = [(event, kind) for event in events if (kind := kinds[event.subscription])]
    tell_all([_at(held[event.subscription], kind, {}, event.at) for event, kind in told], now=now)


_RELEASED = {
    DeletedBy.SELLER: "service_released", DeletedBy.CLOUD: "service_released", DeletedBy.IMAGE: "",
    DeletedBy.NOBODY: "service_released_plain",
}  # fmt: skip


def _at(subscription: Subscription, kind: str, more: Facts, at: datetime) -> Telling:
    return _telling(subscription, kind, more, f"{subscription.pk}/{at.isoformat()}")


def _telling(subscription: Subscription, kind: str, more: Facts, once: str) -> Telling:
    facts = {"product": f.names(subscription.product.name, subscription.product.name_en), **more}
    page = "storefront:formal" if kind in LEAD_TO_FORMAL else "storefront:subscription"
    link = reverse(page, args=[subscription.pk])
    return Telling(user=subscription.buyer, kind=kind, facts=facts, once=once, link=link)


def _subscriptions(pks: Iterable[int]) -> dict[int, Subscription]:
    return {one.pk: one for one in _HELD(set(pks))}


_HELD = PreparedObjects(
    (Keys(),), lambda keys: with_product(Subscription.objects.select_related("seller")).filter(Among("pk", keys))
)
