"""Buyer's choice for the end of the paid time: keep, renew automatically, or delete (business-rules §4.5)."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.lifecycle import record_move
from tradepost.market.base.money import Money
from tradepost.market.identity.models import User
from tradepost.market.orders import auto_renew
from tradepost.market.orders.auto_renew import AutoRule
from tradepost.market.orders.durations import Duration
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVE_STATUSES

from .cases import locked_subscriptions
from .renewing import unsupported
from .timers import set_timers

AtExpiry = Subscription.AtExpiry
HISTORY = "expiry_policy"
"""Name of the history rows."""


class SetExpiryPolicy(Struct, frozen=True, kw_only=True):
    """``duration``: of each automatic renewal; None for other choices."""

    subscription: int
    at_expiry: str
    duration: Duration | None = None


def has_policy(subscription: Subscription) -> bool:
    """Return whether the service has an end for which its buyer can choose."""
    ends = subscription.offer.charging.renewable and subscription.expires_at is not None
    return ends and subscription.status in LIVE_STATUSES


def renewal_choices(subscription: Subscription) -> dict[Duration, Money]:
    """Return the durations of automatic renewals, shortest first, with today's prices; empty for a service that cannot
    be renewed."""
    if not subscription.offer.renewable or unsupported(subscription) is not None:
        return {}
    return auto_renew.renewal_prices(subscription)


def set_expiry_policy(buyer: User, command: SetExpiryPolicy, *, rule: AutoRule, now: datetime) -> Subscription:
    """Store the choice and set the timers; an unchanged choice does nothing. The service must belong to the buyer.
    Raises ``Refused`` and then changes nothing."""
    with transaction.atomic():
        found_services = [
            locked_subscription
            for locked_subscription in locked_subscriptions([command.subscription])
            if locked_subscription.buyer_id == buyer.pk
        ]
        if not found_services:
            raise Subscription.DoesNotExist
        subscription = found_services[0]
        policy = _checked(subscription, command, rule=rule, now=now)
        previous = _policy_of(subscription)
        if previous == policy:
            return subscription
        subscription.at_expiry, subscription.auto_period_type, subscription.auto_periods = policy
        subscription.save(update_fields=["at_expiry", "auto_period_type", "auto_periods"])
        auto_renew.plan(subscription, rule=rule, now=now)
        record_move(
            subscription, HISTORY, "set", now=now, actor=buyer.email, before=previous[0], after=policy[0],
            note=f"{policy[1]} {policy[2]}" if policy[2] else "",
        )  # fmt: skip
        set_timers([subscription], now=now)
    return subscription


def _policy_of(subscription: Subscription) -> tuple[str, str, int]:
    return subscription.at_expiry, subscription.auto_period_type, subscription.auto_periods


def _checked(
    subscription: Subscription, command: SetExpiryPolicy, *, rule: AutoRule, now: datetime
) -> tuple[str, str, int]:
    if command.at_expiry not in AtExpiry.values:
        raise Refused("policy.unknown", _("Choose one of the three."), HTTPStatus.BAD_REQUEST, field="at_expiry")
    if not has_policy(subscription):
        raise no_policy()
    if command.at_expiry == AtExpiry.END and subscription.expires_at is not None and now >= subscription.expires_at:
        raise Refused(
            "policy.too_late",
            _("The paid period has already ended. The service closes when the renewal period ends."),
            field="at_expiry",
        )
    if command.at_expiry != AtExpiry.RENEW:
        return command.at_expiry, "", 0
    offered_choices = renewal_choices(subscription)
    if not offered_choices:
        raise not_renewable()
    if command.duration is None or command.duration not in offered_choices:
        raise Refused(
            "policy.duration",
            _("Choose one of the available durations."),
            HTTPStatus.BAD_REQUEST,
            field="duration",
        )
    if auto_renew.next_attempt_in_time(subscription, rule=rule, now=now) is None:
        raise Refused(
            "policy.too_late",
            _("The service closes before an automatic renewal can be attempted. Renew it yourself."),
            field="at_expiry",
        )
    return command.at_expiry, command.duration.period_type, command.duration.periods


def no_policy() -> Refused:
    return Refused("policy.not_possible", _("This service has no expiry date, so no expiry policy can be set."))


def not_renewable() -> Refused:
    return Refused(
        "policy.not_renewable",
        _("This service cannot be renewed, so automatic renewal is not available."),
        field="at_expiry",
    )
