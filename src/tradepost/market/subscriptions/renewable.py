"""Deadline for renewals, end of a service without renewal, and end after a renewal (business-rules §4.4, §4.5). Pure
functions."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.product_types.registry import product_type

from .levels import NO_RETENTION, RetentionTerms
from .models import Subscription
from .paid_time import prolonged
from .settings_of import levels

LIVE_STATUSES = (Subscription.Status.ACTIVE, Subscription.Status.FROZEN)


class ServiceEnd(Struct, frozen=True, kw_only=True):
    """End of a service without renewal: usable until ``freezes_at``, kept until ``releases_at``, exclusive."""

    freezes_at: datetime
    releases_at: datetime


def retention_terms_of(subscription: Subscription, *, renewing: bool = False) -> RetentionTerms:
    """Return the terms by the buyer's present level; ``offer`` and ``buyer`` should be fetched. ``renewing``: a paid
    renewal overrides the buyer's earlier choice not to keep the service."""
    if subscription.at_expiry == Subscription.AtExpiry.END and not renewing:
        return NO_RETENTION
    if subscription.offer.charging.ends and product_type(subscription.product.product_type).ends_at_once:
        return NO_RETENTION
    return levels().of(subscription.buyer.level, trial=subscription.offer.trial)


def service_end_of(subscription: Subscription, *, renewing: bool = False) -> ServiceEnd | None:
    """Return the end as set when the paid time ended, or before that by the present level; None for a service without
    an end.

    An announced release is never moved to an earlier time.
    """
    end = subscription.expires_at
    if end is None:
        return None
    if subscription.freeze_at is not None and subscription.release_at is not None:
        return ServiceEnd(freezes_at=subscription.freeze_at, releases_at=subscription.release_at)
    terms = retention_terms_of(subscription, renewing=renewing)
    freezes_at = end + terms.grace
    releases_at = freezes_at + terms.retention
    return ServiceEnd(freezes_at=freezes_at, releases_at=max(subscription.release_at or releases_at, releases_at))


def renewable_until(subscription: Subscription) -> datetime | None:
    """Return the end of the retention, exclusive; None if the service has no end, has been released, or is a trial."""
    if subscription.status not in LIVE_STATUSES or not subscription.offer.renewable:
        return None
    ending = service_end_of(subscription)
    return ending.releases_at if ending else None


def renewed_end(subscription: Subscription, period_type: str, number: int) -> datetime:
    """Return the end after ``number`` more periods, also during the retention (business-rules §4.4). The day of the
    month is that of the start of the paid time, not of a trial."""
    began_at, end = subscription.formal_at or subscription.started_at, subscription.expires_at
    if began_at is None or end is None:
        raise LookupError("what is renewed has a beginning and an end")
    return prolonged(began_at, end, period_type, number)
