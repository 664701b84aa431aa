"""Act on many services of one buyer: each separately, so that a refusal does not affect the others.

A renewal has ``RenewService.idempotency_key``; a repetition returns its order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import User
from tradepost.market.orders.auto_renew import AutoRule, reason_text
from tradepost.market.orders.buy import renew
from tradepost.market.orders.changes import open_changes
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.refund_models import Refund
from tradepost.market.orders.refund_terms import RefundRules, RefundTerms, RefundWay, RefusalReason
from tradepost.market.orders.refund_words import REASON_TEXTS
from tradepost.market.orders.refunds import possible_refunds
from tradepost.market.orders.refunds import refusal_of as cannot_be_paid_back
from tradepost.market.orders.renew import RenewService, check_renewable, renewal_options
from tradepost.market.subscriptions.models import Subscription

from .expiry_policy import SetExpiryPolicy, has_policy, no_policy, not_renewable, renewal_choices, set_expiry_policy
from .pay_back import stalled_orders
from .renewing import unsupported
from .unsubscribe import Unsubscribe, unsubscribe


class Outcome(Struct, frozen=True, kw_only=True):
    """Result for one service. ``refused``: why it failed; with an ``order``, why that was not paid."""

    subscription: int
    order: Order | None = None
    refund: Refund | None = None
    refused: Refused | None = None


def renew_many(
    buyer: User, commands: Sequence[RenewService], *, pay: bool, now: datetime, unpaid_timeout: timedelta
) -> list[Outcome]:
    """Order the renewals and, with ``pay``, pay them from the balance; uncovered orders remain unpaid."""

    def renew_one(command: RenewService) -> Outcome:
        order = renew(buyer, command, now=now, unpaid_timeout=unpaid_timeout)
        refused = None
        if pay and order.status == Order.Status.UNPAID:
            try:
                pay_order(order, now=now)
            except Refused as refusal:
                refused = refusal
        return Outcome(
            subscription=command.subscription, order=Order.objects.get(pk=order.pk), refused=refused
        )  # fmt: skip

    return [_outcome_of(command.subscription, renew_one, command) for command in commands]


def set_policies(buyer: User, commands: Sequence[SetExpiryPolicy], *, rule: AutoRule, now: datetime) -> list[Outcome]:
    def set_one(command: SetExpiryPolicy) -> Outcome:
        set_expiry_policy(buyer, command, rule=rule, now=now)
        return Outcome(subscription=command.subscription)

    return [_outcome_of(command.subscription, set_one, command) for command in commands]


def unsubscribe_many(
    buyer: User, commands: Sequence[Unsubscribe], *, rules: RefundRules, now: datetime
) -> list[Outcome]:
    """Unsubscribe services at the shown refund amounts, or leave them. A pay-per-use service ends on its own page,
    which shows its last charge."""

    def unsubscribe_one(command: Unsubscribe) -> Outcome:
        if command.way == RefundWay.END:
            raise Refused("unsubscribe.usage", str(REASON_TEXTS[RefusalReason.USAGE]))
        refund = unsubscribe(buyer, command, rules=rules, now=now)
        return Outcome(subscription=command.subscription, refund=refund)

    return [_outcome_of(command.subscription, unsubscribe_one, command) for command in commands]


def _outcome_of[C](subscription: int, act: Callable[[C], Outcome], command: C) -> Outcome:
    try:
        return act(command)
    except Refused as refusal:
        return Outcome(subscription=subscription, refused=refusal)


# --- previews ---


def renewal_refusal(subscription: Subscription, *, now: datetime) -> Refused | None:
    """Return why a renewal would be refused, as far as known in advance."""
    try:
        check_renewable(subscription, now=now)
    except Refused as refusal:
        return refusal
    if open_changes(subscription):
        return Refused("renewal.open", gettext(reason_text("renewal.open")))
    if (cannot_be_told := unsupported(subscription)) is not None:
        return cannot_be_told
    return None if renewal_options(subscription) else Refused("offer.unknown", gettext(reason_text("offer.unknown")))


def policy_refusal(subscription: Subscription, at_expiry: str) -> Refused | None:
    if not has_policy(subscription):
        return no_policy()
    if at_expiry == Subscription.AtExpiry.RENEW and not renewal_choices(subscription):
        return not_renewable()
    return None


def unsubscribe_options(
    subscription: Subscription, *, rules: RefundRules, now: datetime
) -> tuple[Sequence[RefundTerms], Refused | None]:
    """Return the ways to unsubscribe without consent, or why there are none. A pay-per-use service ends on its own
    page, which shows its last charge."""
    options = possible_refunds(subscription, rules, now=now, stalled=stalled_orders(subscription))
    terms_list = [terms for terms in options.ways if terms.way not in {RefundWay.NEGOTIATED, RefundWay.END}]
    return terms_list, None if terms_list else cannot_be_paid_back(options)
