"""The life of a subscription, and the moves that change it."""

from __future__ import annotations

import calendar
from datetime import datetime
from enum import StrEnum

import msgspec

from tradepost.market.base.lifecycle import Lifecycle
from tradepost.market.base.secrets import seal, unseal
from tradepost.protocols.commands import AppInfo

from .models import Subscription

S = Subscription.Status


class E(StrEnum):
    OPEN = "open"
    GIVE_UP = "give up"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    RELEASE = "release"


SUBSCRIPTION: Lifecycle[S, E] = Lifecycle(
    "subscription",
    {
        (S.OPENING, E.OPEN): S.ACTIVE,
        (S.OPENING, E.GIVE_UP): S.FAILED,
        (S.ACTIVE, E.FREEZE): S.FROZEN,
        (S.FROZEN, E.UNFREEZE): S.ACTIVE,
        (S.ACTIVE, E.RELEASE): S.RELEASED,
        (S.FROZEN, E.RELEASE): S.RELEASED,
    },
)


def period_end(start: datetime, period_type: str, number: int) -> datetime:
    """``number`` months or years after ``start``; a day that the month lacks becomes its last day."""
    months = number * (12 if period_type == "year" else 1)
    year, month0 = divmod(start.year * 12 + start.month - 1 + months, 12)
    last = calendar.monthrange(year, month0 + 1)[1]
    return start.replace(year=year, month=month0 + 1, day=min(start.day, last))


def activate(
    subscription: Subscription,
    access: AppInfo | None,
    *,
    started_at: datetime,
    expires_at: datetime | None,
    now: datetime,
    license_text: str = "",
) -> None:
    """The instance is there: seal its access data or license, and start its paid time."""
    subscription.sealed_access = seal(msgspec.json.encode(access).decode()) if access else ""
    subscription.sealed_license = seal(license_text) if license_text else ""
    subscription.started_at = started_at
    subscription.expires_at = expires_at
    subscription.save(update_fields=["sealed_access", "sealed_license", "started_at", "expires_at"])
    SUBSCRIPTION.move(subscription, E.OPEN, now=now)


def access_data(subscription: Subscription) -> AppInfo | None:
    """What the buyer needs to enter, in clear text; None while there is none. Only the buyer's page may call this."""
    if not subscription.sealed_access:
        return None
    return msgspec.json.decode(unseal(subscription.sealed_access).encode(), type=AppInfo)


def license_of(subscription: Subscription) -> str:
    """The license in clear text; empty while there is none. Only the buyer's pages may show it."""
    return unseal(subscription.sealed_license) if subscription.sealed_license else ""
