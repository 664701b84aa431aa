"""Many services of one buyer at once: each on its own, so that what is refused of one stops none of the others.

A renewal names its request (``RenewService.idempotency_key``): sent again, it finds the order that it made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import User
from tradepost.market.orders.auto_renew import AutoRule, reason_words
from tradepost.market.orders.buy import renew
from tradepost.market.orders.changes import open_changes
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.refund_models import Refund
from tradepost.market.orders.refund_terms import Rules, Terms, Way, Why
from tradepost.market.orders.refund_words import WORDS
from tradepost.market.orders.refunds import refused as cannot_be_paid_back
from tradepost.market.orders.refunds import what_may
from tradepost.market.orders.renew import RenewService, check_renewable, renewal_options
from tradepost.market.subscriptions.models import Subscription

from .expiry_policy import SetExpiryPolicy, has_policy, no_policy, not_renewable, set_expiry_policy, ways
from .pay_back import stalled_orders
from .renewing import untold
from .unsubscribe import Unsubscribe, unsubscribe


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one. ``refused``: why it was not done; with an ``order`` that was placed, why that is not paid."""

    subscription: int
    order: Order | None = None
    refund: Refund | None = None
    refused: Refused | None = None


def renew_many(
    buyer: User, commands: Sequence[RenewService], *, pay: bool, now: datetime, unpaid_timeout: timedelta
) -> list[Outcome]:
    """Order each and, if wanted, pay it from the balance; what that does not reach for stays an unpaid order."""

    def one(command: RenewService) -> Outcome:
        order = renew(buyer, command, now=now, unpaid_timeout=unpaid_timeout)
        refused = None
        if pay and order.status == Order.Status.UNPAID:
            try:
                pay_order(order, now=now)
            except Refused as why:
                refused = why
        return Outcome(
            subscription=command.subscription, order=Order.objects.get(pk=order.pk), refused=refused
        )  # fmt: skip

    return [_tried(command.subscription, one, command) for command in commands]


def set_policies(buyer: User, commands: Sequence[SetExpiryPolicy], *, rule: AutoRule, now: datetime) -> list[Outcome]:
    def one(command: SetExpiryPolicy) -> Outcome:
        set_expiry_policy(buyer, command, rule=rule, now=now)
        return Outcome(subscription=command.subscription)

    return [_tried(command.subscription, one, command) for command in commands]


def unsubscribe_many(buyer: User, commands: Sequence[Unsubscribe], *, rules: Rules, now: datetime) -> list[Outcome]:
    """Each pays back what was shown, or is left as it is. A pay-per-use service ends on its own page, which shows its last charge."""

    def one(command: Unsubscribe) -> Outcome:
        if command.way == Way.END:
            raise Refused("unsubscribe.usage", str(WORDS[Why.USAGE]))
        refund = unsubscribe(buyer, command, rules=rules, now=now)
        return Outcome(subscription=command.subscription, refund=refund)

    return [_tried(command.subscription, one, command) for command in commands]


def _tried[C](subscription: int, act: Callable[[C], Outcome], command: C) -> Outcome:
    try:
        return act(command)
    except Refused as refused:
        return Outcome(subscription=subscription, refused=refused)


# --- what a preview says ----------------------------------------------------------------------------------------------


def why_not_renewed(held: Subscription, *, now: datetime) -> Refused | None:
    """Why it would be refused, as far as one can know without doing it."""
    try:
        check_renewable(held, now=now)
    except Refused as refused:
        return refused
    if open_changes(held):
        return Refused("renewal.open", gettext(reason_words("renewal.open")))
    if (cannot_be_told := untold(held)) is not None:
        return cannot_be_told
    return None if renewal_options(held) else Refused("offer.unknown", gettext(reason_words("offer.unknown")))


def why_no_policy(held: Subscription, at_expiry: str) -> Refused | None:
    if not has_policy(held):
        return no_policy()
    if at_expiry == Subscription.AtExpiry.RENEW and not ways(held):
        return not_renewable()
    return None


def ways_out(held: Subscription, *, rules: Rules, now: datetime) -> tuple[Sequence[Terms], Refused | None]:
    """The ways to unsubscribe it that need nobody's consent, or why there is none. A pay-per-use service ends on its own page,
    which shows its last charge."""
    found = what_may(held, rules, now=now, stalled=stalled_orders(held))
    ways = [terms for terms in found.ways if terms.way not in {Way.NEGOTIATED, Way.END}]
    return ways, None if ways else cannot_be_paid_back(found)
