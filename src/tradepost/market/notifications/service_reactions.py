"""What a buyer is told of what happens to a service: that it ends soon, is frozen, usable again, gone."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from tradepost.market.fulfilment.renewing import may_renew
from tradepost.market.subscriptions.events import (
    SubscriptionEndsSoon,
    SubscriptionFrozen,
    SubscriptionReleased,
    SubscriptionUnfrozen,
)
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.subscriptions.renewable import RETENTION

from . import facts as f
from .reactions import seller_names
from .tell import tell


def on_service_ends_soon(event: SubscriptionEndsSoon, now: datetime) -> None:
    """Told once for each end, and not of one that was moved meanwhile."""
    subscription = _subscription(event.subscription)
    if subscription.expires_at is None or subscription.expires_at != event.ends:
        return
    kind = "service_ends_soon" if may_renew(subscription, now=now) else "service_ends"
    facts = {
        "product": f.names(subscription.product.name, subscription.product.name_en),
        "until": f.moment(subscription.expires_at),
        "kept": f.moment(subscription.expires_at + RETENTION),
    }
    link = reverse("storefront:subscription", args=[subscription.pk])
    tell(subscription.buyer, kind, facts=facts, once=f"{subscription.pk}/{event.ends.isoformat()}", link=link, now=now)


def on_service_frozen(event: SubscriptionFrozen, now: datetime) -> None:
    """At the end of the paid time the buyer learns how long the data is kept."""
    subscription = _subscription(event.subscription)
    until = subscription.expires_at
    at_its_end = event.reason in {"", Freeze.Reason.EXPIRED}  # the release before did not say why
    if at_its_end and until is not None and until <= now:
        more = {
            "until": f.moment(until),
            "kept": f.moment(subscription.release_at or until + RETENTION),
            "seller": seller_names(subscription.seller),
        }
        kind = "service_expired_renewable" if may_renew(subscription, now=now) else "service_expired"
        _tell_holder(subscription, kind, more, event.at, now)
    else:
        _tell_holder(subscription, "service_frozen", {"seller": seller_names(subscription.seller)}, event.at, now)


def on_service_unfrozen(event: SubscriptionUnfrozen, now: datetime) -> None:
    _tell_holder(_subscription(event.subscription), "service_unfrozen", {}, event.at, now)


def on_service_released(event: SubscriptionReleased, now: datetime) -> None:
    """After the retention, or whenever it was released: the data is gone."""
    _tell_holder(_subscription(event.subscription), "service_released", {}, event.at, now)


def _tell_holder(subscription: Subscription, kind: str, more: dict[str, f.Json], at: datetime, now: datetime) -> None:
    facts = {"product": f.names(subscription.product.name, subscription.product.name_en), **more}
    link = reverse("storefront:subscription", args=[subscription.pk])
    tell(subscription.buyer, kind, facts=facts, once=f"{subscription.pk}/{at.isoformat()}", link=link, now=now)


def _subscription(pk: int) -> Subscription:
    return Subscription.objects.select_related("buyer", "seller", "product", "offer").get(pk=pk)
