"""Events of subscriptions."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.base.events import event


@event("subscription_frozen", was=("SubscriptionFrozen",), about=("subscription",))
class SubscriptionFrozen(Struct, frozen=True, kw_only=True):
    """A service was frozen, or its paid time ended while it was frozen already."""

    subscription: int
    at: datetime
    reason: str = ""


@event("subscription_unfrozen", was=("SubscriptionUnfrozen",), about=("subscription",))
class SubscriptionUnfrozen(Struct, frozen=True, kw_only=True):
    """The last reason for the freeze of a service ended; the service can be used again."""

    subscription: int
    at: datetime


@event("subscription_released", was=("SubscriptionReleased",), about=("subscription",))
class SubscriptionReleased(Struct, frozen=True, kw_only=True):
    """The seller deleted the service and its data."""

    subscription: int
    at: datetime


@event("subscription_ends_soon", was=("SubscriptionEndsSoon",), about=("subscription",))
class SubscriptionEndsSoon(Struct, frozen=True, kw_only=True):
    """The paid time ends soon and no renewal was ordered. ``days``: days before the end; 0 in events of earlier
    releases. ``automatic``: the market will renew the service."""

    subscription: int
    ends: datetime
    days: int = 0
    automatic: bool = False


@event("subscription_expired", about=("subscription",))
class SubscriptionExpired(Struct, frozen=True, kw_only=True):
    """The paid time ended without a renewal; the service remains usable until it is frozen."""

    subscription: int
    ended: datetime
    freezes_at: datetime
    releases_at: datetime
