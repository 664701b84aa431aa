"""Until when a service can be renewed, what becomes of it otherwise, and how long it then lasts: pure rules over a row
(business-rules §4.4, §4.5)."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.product_types.registry import product_type

from .levels import AT_ONCE, Terms
from .models import Subscription
from .paid_time import prolonged
from .settings_of import levels

LIVING = (Subscription.Status.ACTIVE, Subscription.Status.FROZEN)


class Ending(Struct, frozen=True, kw_only=True):
    """What becomes of a service that nobody renews: usable until ``freezes_at``, kept until ``releases_at``, exclusive."""

    freezes_at: datetime
    releases_at: datetime


def terms_of(subscription: Subscription, *, renewing: bool = False) -> Terms:
    """By the present level of its buyer; ``offer`` and ``buyer`` should be fetched. ``renewing``: a renewal is paid, so that
    its buyer wants to keep it, whatever was chosen before."""
    if subscription.at_expiry == Subscription.AtExpiry.END and not renewing:
        return AT_ONCE
    if subscription.offer.charging.ends and product_type(subscription.product.product_type).ends_at_once:
        return AT_ONCE
    return levels().of(subscription.buyer.level, trial=subscription.offer.trial)


def ending_of(subscription: Subscription, *, renewing: bool = False) -> Ending | None:
    """As it was set when the paid time ended, and before that by the present level; None for what has no end. What was said
    of the release is never made shorter."""
    end = subscription.expires_at
    if end is None:
        return None
    if subscription.freeze_at is not None and subscription.release_at is not None:
        return Ending(freezes_at=subscription.freeze_at, releases_at=subscription.release_at)
    terms = terms_of(subscription, renewing=renewing)
    freezes_at = end + terms.grace
    releases_at = freezes_at + terms.retention
    return Ending(freezes_at=freezes_at, releases_at=max(subscription.release_at or releases_at, releases_at))


def renewable_until(subscription: Subscription) -> datetime | None:
    """The end of the retention, exclusive; None for what cannot be renewed: it has no end, has ended for good, or
    is a trial."""
    if subscription.status not in LIVING or not subscription.offer.renewable:
        return None
    ending = ending_of(subscription)
    return ending.releases_at if ending else None


def renewed_end(subscription: Subscription, period_type: str, number: int) -> datetime:
    """``number`` periods after the present end, in the retention too (business-rules §4.4). The day of the month is that on
    which the paid time began: that of a trial, which may have ended on any other day, counts for nothing."""
    begun, end = subscription.formal_at or subscription.started_at, subscription.expires_at
    if begun is None or end is None:
        raise LookupError("what is renewed has a beginning and an end")
    return prolonged(begun, end, period_type, number)
