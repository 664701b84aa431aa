"""Subscription lifecycle, and the functions that open subscriptions and store access data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec
from django.db import transaction
from msgspec import Struct

from tradepost.market.base import rows
from tradepost.market.base.lifecycle import Lifecycle, record_move
from tradepost.market.base.secrets import seal, unseal
from tradepost.protocols.commands import AppInfo

from .models import Subscription

SubscriptionStatus = Subscription.Status


class SubscriptionEvent(StrEnum):
    OPEN = "open"
    GIVE_UP = "give up"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    END = "end"
    RELEASE = "release"


SUBSCRIPTION: Lifecycle[SubscriptionStatus, SubscriptionEvent] = Lifecycle(
    "subscription",
    {
        (SubscriptionStatus.OPENING, SubscriptionEvent.OPEN): SubscriptionStatus.ACTIVE,
        (SubscriptionStatus.OPENING, SubscriptionEvent.GIVE_UP): SubscriptionStatus.FAILED,
        (SubscriptionStatus.ACTIVE, SubscriptionEvent.FREEZE): SubscriptionStatus.FROZEN,
        (SubscriptionStatus.FROZEN, SubscriptionEvent.UNFREEZE): SubscriptionStatus.ACTIVE,
        (SubscriptionStatus.ACTIVE, SubscriptionEvent.END): SubscriptionStatus.RELEASING,
        (SubscriptionStatus.FROZEN, SubscriptionEvent.END): SubscriptionStatus.RELEASING,
        (SubscriptionStatus.RELEASING, SubscriptionEvent.RELEASE): SubscriptionStatus.RELEASED,
    },
)


class Opening(Struct, frozen=True):
    """A subscription whose instance exists, with its access data."""

    subscription: Subscription
    access: AppInfo | None
    expires_at: datetime | None
    license_text: str = ""
    since: datetime | None = None
    """Start of use, if it differs from the opening."""


def activate(
    subscription: Subscription,
    access: AppInfo | None,
    *,
    started_at: datetime,
    expires_at: datetime | None,
    now: datetime,
    license_text: str = "",
) -> None:
    """Open the subscription: seal its access data or license, and start its paid time."""
    opening = Opening(subscription, access, expires_at=expires_at, license_text=license_text)
    with transaction.atomic():
        activate_all([opening], started_at=started_at, now=now)


_OPENING_COLUMNS = {"sealed_access": "text", "sealed_license": "text", "expires_at": "timestamptz"}


def activate_all(openings: Sequence[Opening], *, started_at: datetime, now: datetime) -> None:
    """Open many subscriptions, in few statements of the caller's transaction."""
    changes = []
    for opening in openings:
        subscription, access = opening.subscription, opening.access
        subscription.sealed_access = seal(msgspec.json.encode(access).decode()) if access else ""
        subscription.sealed_license = seal(opening.license_text) if opening.license_text else ""
        subscription.expires_at = opening.expires_at
        changes.append(
            {
                "id": subscription.pk,
                "sealed_access": subscription.sealed_access,
                "sealed_license": subscription.sealed_license,
                "expires_at": rows.moment(subscription.expires_at),
            }
        )
    rows.update("subscriptions_subscription", _OPENING_COLUMNS, changes)
    SUBSCRIPTION.move_all([o.subscription for o in openings], SubscriptionEvent.OPEN, now=now, started_at=started_at)
    for opening in openings:
        if opening.since is not None and opening.since != started_at:
            opening.subscription.started_at = opening.since
            opening.subscription.save(update_fields=["started_at"])


ACCESS_HISTORY = "access_data"
"""Name of the history rows for changed access data. They record the change without the secret."""


def store_access(subscription: Subscription, access: AppInfo, *, now: datetime, actor: str = "seller") -> None:
    """Store changed access data and record the change. ``actor``: ``market`` for the address of a server. The caller
    holds the row's lock."""
    subscription.sealed_access = seal(msgspec.json.encode(access).decode())
    Subscription.objects.filter(pk=subscription.pk).update(sealed_access=subscription.sealed_access)
    record_move(subscription, ACCESS_HISTORY, "changed", now=now, actor=actor)


def access_data(subscription: Subscription) -> AppInfo | None:
    """Return the access data in clear text; None without any. Only the buyer's pages may call this."""
    if not subscription.sealed_access:
        return None
    return msgspec.json.decode(unseal(subscription.sealed_access).encode(), type=AppInfo)


def license_of(subscription: Subscription) -> str:
    """Return the license in clear text; empty without one. Only the buyer's pages may show it."""
    return unseal(subscription.sealed_license) if subscription.sealed_license else ""
