"""What a buyer wants at the end of the paid time: keep it for a while, renew it automatically, or delete it (business-rules §4.5)."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.lifecycle import moved
from tradepost.market.base.money import Money
from tradepost.market.identity.models import User
from tradepost.market.orders import auto_renew
from tradepost.market.orders.auto_renew import AutoRule
from tradepost.market.orders.durations import Duration
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVING

from .cases import locked_subscriptions
from .renewing import untold
from .timers import watch

AtExpiry = Subscription.AtExpiry
HISTORY = "expiry_policy"
"""Name of the history rows."""


class SetExpiryPolicy(Struct, frozen=True, kw_only=True):
    """``duration``: of each automatic renewal; of no other policy."""

    subscription: int
    at_expiry: str
    duration: Duration | None = None


def has_policy(subscription: Subscription) -> bool:
    """Whether there is an end about which its buyer can say something."""
    ends = subscription.offer.charging.renewable and subscription.expires_at is not None
    return ends and subscription.status in LIVING


def ways(subscription: Subscription) -> dict[Duration, Money]:
    """By what it could be renewed automatically, the shortest first, and what each costs today; nothing when it cannot be
    renewed."""
    if not subscription.offer.renewable or untold(subscription) is not None:
        return {}
    return auto_renew.ways(subscription)


def set_expiry_policy(buyer: User, command: SetExpiryPolicy, *, rule: AutoRule, now: datetime) -> Subscription:
    """Note it, and set the timer of its life by it. What was so already is left as it is. Raises ``Refused``; nothing changed
    then. The service must be the buyer's own."""
    with transaction.atomic():
        found = [one for one in locked_subscriptions([command.subscription]) if one.buyer_id == buyer.pk]
        if not found:
            raise Subscription.DoesNotExist
        subscription = found[0]
        wanted = _checked(subscription, command, rule=rule, now=now)
        before = _standing(subscription)
        if before == wanted:
            return subscription
        subscription.at_expiry, subscription.auto_period_type, subscription.auto_periods = wanted
        subscription.save(update_fields=["at_expiry", "auto_period_type", "auto_periods"])
        auto_renew.plan(subscription, rule=rule, now=now)
        moved(
            subscription, HISTORY, "set", now=now, actor=buyer.email, before=before[0], after=wanted[0],
            note=f"{wanted[1]} {wanted[2]}" if wanted[2] else "",
        )  # fmt: skip
        watch([subscription], now=now)
    return subscription


def _standing(subscription: Subscription) -> tuple[str, str, int]:
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
            _("The paid time is over already: the service is deleted at the end of the time for which it is kept."),
            field="at_expiry",
        )
    if command.at_expiry != AtExpiry.RENEW:
        return command.at_expiry, "", 0
    offered = ways(subscription)
    if not offered:
        raise not_renewable()
    if command.duration is None or command.duration not in offered:
        raise Refused(
            "policy.duration",
            _("Choose one of the durations that are offered."),
            HTTPStatus.BAD_REQUEST,
            field="duration",
        )
    if auto_renew.first_in_time(subscription, rule=rule, now=now) is None:
        raise Refused(
            "policy.too_late",
            _("The service is deleted before an automatic renewal would be tried: renew it by hand."),
            field="at_expiry",
        )
    return command.at_expiry, command.duration.period_type, command.duration.periods


def no_policy() -> Refused:
    return Refused("policy.not_possible", _("This service has no end about which something could be chosen."))


def not_renewable() -> Refused:
    return Refused(
        "policy.not_renewable", _("This service cannot be renewed, and so not automatically."), field="at_expiry"
    )
