"""What becomes of a service when its paid time ends, in one line of its page."""

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
from tradepost.market.orders.auto_renew import costs, duration_of, first_in_time, plan_of, reason_words, rule_of
from tradepost.market.orders.durations import Duration
from tradepost.market.orders.models import AutoRenewal
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVING, ending_of


class AtItsEnd(Struct, frozen=True, kw_only=True):
    """``renews_at``: when an automatic renewal is tried next; None when it is not tried (any more). ``reason``: why the last
    try failed, in words."""

    at_expiry: str
    ends_at: datetime
    duration: Duration | None = None
    costs: Money | None = None
    renews_at: datetime | None = None
    blocked: bool = False
    """Set to renew automatically, and cannot be renewed now."""
    reason: str = ""


def at_its_end(held: Subscription, *, now: datetime) -> AtItsEnd | None:
    """None for what has no end, or has ended for good."""
    if not has_policy(held) or held.expires_at is None:
        return None
    if held.at_expiry != Subscription.AtExpiry.RENEW:
        return AtItsEnd(at_expiry=held.at_expiry, ends_at=held.expires_at)
    planned = plan_of(held)
    return AtItsEnd(
        at_expiry=held.at_expiry,
        ends_at=held.expires_at,
        duration=duration_of(held),
        costs=costs(held),
        blocked=not may_renew(held, now=now),
        renews_at=tried_next(held, planned, now=now),
        reason=gettext(reason_words(planned.reason)) if planned and planned.reason else "",
    )


class Untouched(StrEnum):
    """What becomes of a service of which its buyer does nothing."""

    RENEWED = "renewed"
    IMAGE_ENDS = "image_ends"
    """A period image ends, and its server is billed by the hour (business-rules §5)."""
    ENDS = "ends"
    """Nothing is deleted outside of the market."""
    DELETED = "deleted"
    """At its end, with its data."""
    KEPT = "kept"
    """For a while, and deleted then."""


def if_untouched(held: Subscription, *, now: datetime) -> Untouched | None:
    """None for what has no end, or whose paid time is over."""
    ending = ending_of(held)
    if held.status not in LIVING or held.expires_at is None or ending is None or held.expires_at <= now:
        return None
    at_end = at_its_end(held, now=now)
    if (
        at_end is not None
        and at_end.at_expiry == Subscription.AtExpiry.RENEW
        and at_end.renews_at
        and not at_end.blocked
    ):
        return Untouched.RENEWED
    match deleted_by(held):
        case DeletedBy.IMAGE:
            return Untouched.IMAGE_ENDS
        case DeletedBy.NOBODY:
            return Untouched.ENDS
    return Untouched.DELETED if ending.releases_at <= held.expires_at else Untouched.KEPT


def tried_next(held: Subscription, planned: AutoRenewal | None, *, now: datetime) -> datetime | None:
    """As planned, or as it will be in a moment."""
    return planned.next_at if planned is not None else first_in_time(held, rule=rule_of(config()), now=now)
