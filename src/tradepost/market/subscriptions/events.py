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
    """Its paid time is nearly over and nobody renewed it yet."""

    subscription: int
    ends: datetime
