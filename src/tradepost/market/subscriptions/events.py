"""What happens to a service that a buyer holds."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.base.events import event


@event("subscription_frozen", was=("SubscriptionFrozen",), about=("subscription",))
class SubscriptionFrozen(Struct, frozen=True, kw_only=True):
    subscription: int
    at: datetime
    reason: str = ""


@event("subscription_unfrozen", was=("SubscriptionUnfrozen",), about=("subscription",))
class SubscriptionUnfrozen(Struct, frozen=True, kw_only=True):
    subscription: int
    at: datetime


@event("subscription_released", was=("SubscriptionReleased",), about=("subscription",))
class SubscriptionReleased(Struct, frozen=True, kw_only=True):
    """The seller deleted it, with its data."""

    subscription: int
    at: datetime


@event("subscription_ends_soon", was=("SubscriptionEndsSoon",), about=("subscription",))
class SubscriptionEndsSoon(Struct, frozen=True, kw_only=True):
    """Its paid time is nearly over and nobody renewed it yet. ``days``: so many days before; 0 of what an earlier release
    told. ``automatic``: the market will renew it by itself."""

    subscription: int
    ends: datetime
    days: int = 0
    automatic: bool = False


@event("subscription_expired", about=("subscription",))
class SubscriptionExpired(Struct, frozen=True, kw_only=True):
    """Its paid time is over, nobody renewed it, and it stays usable until it is frozen."""

    subscription: int
    ended: datetime
    freezes_at: datetime
    releases_at: datetime
