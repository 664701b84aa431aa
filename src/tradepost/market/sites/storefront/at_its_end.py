"""What happens to a service at the end of its paid time, as one line of its page."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext
from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.base.money import Money
from tradepost.market.fulfilment.deletion import DeletedBy, deleted_by
from tradepost.market.fulfilment.expiry_policy import has_policy
from tradepost.market.fulfilment.renewing import may_renew
from tradepost.market.orders.auto_renew import (
    duration_of,
    next_attempt_in_time,
    plan_of,
    reason_text,
    renewal_price,
    rule_of,
)
from tradepost.market.orders.durations import Duration
from tradepost.market.orders.models import AutoRenewal
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVE_STATUSES, service_end_of


class ServiceEnd(Struct, frozen=True, kw_only=True):
    """The end of a service. ``renews_at``: time of the next automatic renewal attempt, or None. ``reason``: why the
    last attempt failed."""

    at_expiry: str
    ends_at: datetime
    duration: Duration | None = None
    costs: Money | None = None
    renews_at: datetime | None = None
    blocked: bool = False
    """Whether it is set to renew automatically but cannot be renewed now."""
    reason: str = ""


def service_end(service: Subscription, *, now: datetime) -> ServiceEnd | None:
    """Return how the service ends, or None if it has no end or has ended."""
    if not has_policy(service) or service.expires_at is None:
        return None
    if service.at_expiry != Subscription.AtExpiry.RENEW:
        return ServiceEnd(at_expiry=service.at_expiry, ends_at=service.expires_at)
    auto_renewal = plan_of(service)
    return ServiceEnd(
        at_expiry=service.at_expiry,
        ends_at=service.expires_at,
        duration=duration_of(service),
        costs=renewal_price(service),
        blocked=not may_renew(service, now=now),
        renews_at=next_attempt(service, auto_renewal, now=now),
        reason=gettext(reason_text(auto_renewal.reason)) if auto_renewal and auto_renewal.reason else "",
    )


class DefaultOutcome(StrEnum):
    """What happens to a service unless its buyer acts."""

    RENEWED = "renewed"
    IMAGE_ENDS = "image_ends"
    """The period image ends, and its server is billed by the hour (business-rules §5)."""
    ENDS = "ends"
    """It ends, and nothing is deleted outside of the market."""
    DELETED = "deleted"
    """It is deleted with its data at its end."""
    KEPT = "kept"
    """It is kept for a grace period, then deleted."""


def default_outcome(service: Subscription, *, now: datetime) -> DefaultOutcome | None:
    """Return what happens unless the buyer acts, or None if the service has no end or its paid time is over."""
    ending = service_end_of(service)
    if service.status not in LIVE_STATUSES or service.expires_at is None or ending is None or service.expires_at <= now:
        return None
    at_end = service_end(service, now=now)
    if (
        at_end is not None
        and at_end.at_expiry == Subscription.AtExpiry.RENEW
        and at_end.renews_at
        and not at_end.blocked
    ):
        return DefaultOutcome.RENEWED
    match deleted_by(service):
        case DeletedBy.IMAGE:
            return DefaultOutcome.IMAGE_ENDS
        case DeletedBy.NOBODY:
            return DefaultOutcome.ENDS
    return DefaultOutcome.DELETED if ending.releases_at <= service.expires_at else DefaultOutcome.KEPT


def next_attempt(service: Subscription, planned: AutoRenewal | None, *, now: datetime) -> datetime | None:
    """Return the time of the next renewal attempt: as planned, or as it will be planned next."""
    return (
        planned.next_at
        if planned is not None
        else next_attempt_in_time(service, rule=rule_of(config().orders), now=now)
    )
