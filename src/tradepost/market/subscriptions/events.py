"""What happens to a service that a buyer holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tradepost.market.base.events import event


@event("subscription_frozen", was=("SubscriptionFrozen",), about=("subscription",))
@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionFrozen:
    subscription: int
    at: datetime
    reason: str = ""


@event("subscription_unfrozen", was=("SubscriptionUnfrozen",), about=("subscription",))
@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionUnfrozen:
    subscription: int
    at: datetime


@event("subscription_released", was=("SubscriptionReleased",), about=("subscription",))
@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionReleased:
    """The seller deleted it, with its data."""

    subscription: int
    at: datetime


@event("subscription_ends_soon", was=("SubscriptionEndsSoon",), about=("subscription",))
@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionEndsSoon:
    """Its paid time is nearly over and nobody renewed it yet. ``days``: so many days before; 0 of what an earlier release
    told. ``automatic``: the market will renew it by itself."""

    subscription: int
    ends: datetime
    days: int = 0
    automatic: bool = False


@event("subscription_expired", about=("subscription",))
@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionExpired:
    """Its paid time is over, nobody renewed it, and it stays usable until it is frozen."""

    subscription: int
    ended: datetime
    freezes_at: datetime
    releases_at: datetime
