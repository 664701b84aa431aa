"""Unsubscribe: cancel a renewal that has not begun, or end the service with a refund (business-rules §4.7,
operations.md §4).

Order, refund and end are written in one transaction under the lock of the subscription. Operations then notify the
seller: UNSUBSCRIBE_RENEWAL_PERIOD with the earlier end (saas-v2 §3.3), or a release with the order (§3.5). The lock
serializes concurrent acts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.lifecycle import record_move
from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import User
from tradepost.market.orders import auto_renew, refund_requests, refunds
from tradepost.market.orders.cancel import cancel_for_market
from tradepost.market.orders.changes import open_changes
from tradepost.market.orders.events import RefundDecided
from tradepost.market.orders.finish import complete_order
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.refund_lifecycle import RefundEvent
from tradepost.market.orders.refund_models import Refund
from tradepost.market.orders.refund_requests import Decision
from tradepost.market.orders.refund_terms import (
    PaidPart,
    RefundableLine,
    RefundRules,
    RefundTerms,
    RefundWay,
    negotiated_lines,
)
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVE_STATUSES

from .cases import locked_subscriptions
from .earning import earn_begun
from .expiry_policy import HISTORY
from .kinds.cancel_renewal import Cancellation
from .models import Operation
from .operate import OperationRequest, close, operate
from .pay_back import end_stalled, stalled_orders
from .timers import set_timers


class Unsubscribe(Struct, frozen=True, kw_only=True):
    """Choice of the buyer. ``way``: a ``refund_terms.Way`` without the need for consent. ``back_minor``: refund on the
    page; another amount is refused. ``idempotency_key`` identifies the request, which is done once."""

    subscription: int
    way: str
    back_minor: int
    agreed: bool = False
    idempotency_key: str = ""


def unsubscribe(buyer: User, command: Unsubscribe, *, rules: RefundRules, now: datetime) -> Refund:
    """Unsubscribe. The service must belong to the buyer. Raises ``Refused`` and then changes nothing."""
    with transaction.atomic():
        locked_subscription = _locked(buyer, command.subscription)
        if (earlier_refund := _earlier_refund(buyer, command)) is not None:
            return earlier_refund
        options = refunds.possible_refunds(
            locked_subscription, rules, now=now, stalled=stalled_orders(locked_subscription)
        )
        terms = options.way(command.way)
        if terms is None or terms.way is RefundWay.NEGOTIATED:
            raise refunds.refusal_of(options)
        if terms.back.minor != command.back_minor:
            raise Refused("unsubscribe.moved", _("The refund amount has changed. Check it and confirm again."))
        if not command.agreed:
            raise Refused(
                "unsubscribe.agreement", _("Confirm that you understand the consequences."), HTTPStatus.BAD_REQUEST,
                field="agreed",
            )  # fmt: skip
        return _carry_out(locked_subscription, terms, command, rules, now)


def _locked(buyer: User, pk: int) -> Subscription:
    locked_subscription = next(
        (
            locked_subscription
            for locked_subscription in locked_subscriptions([pk])
            if locked_subscription.buyer_id == buyer.pk
        ),
        None,
    )
    if locked_subscription is None:
        raise Subscription.DoesNotExist
    return locked_subscription


def _earlier_refund(buyer: User, command: Unsubscribe) -> Refund | None:
    """Return the refund of the same request."""
    if not command.idempotency_key:
        return None
    return Refund.objects.filter(order__buyer=buyer, order__idempotency_key=_key(command)).first()


def _key(command: Unsubscribe) -> str:
    """Return the order's key, which includes the service, because a buyer's orders share their keys."""
    return f"u/{command.subscription}/{command.idempotency_key}"[:64] if command.idempotency_key else ""


def _carry_out(
    subscription: Subscription, terms: RefundTerms, command: Unsubscribe, rules: RefundRules, now: datetime
) -> Refund:
    cancels = terms.way is RefundWay.CANCEL_RENEWAL
    line_number = terms.lines[0].line if cancels else subscription.order_line_number
    purchase = OrderLine.objects.select_related("offer__sku__spec__product__seller").get(number=line_number)
    actor = subscription.buyer.email
    line = refunds.place_order(
        subscription, purchase_line=purchase, refundable=terms.back, actor=actor, idempotency_key=_key(command), now=now
    )
    refund = refunds.begin_refund(subscription, terms, line, actor=actor, now=now)
    given_up: frozenset[int] = frozenset()
    if cancels:
        _cancel_renewal(subscription, terms, line, now)
    else:
        given_up = end_service(subscription, terms.periods, line, actor=actor, now=now)
    refunds.pay(refund, terms.lines, rules=rules, actor=actor, now=now, given_up=given_up)
    return refund


def _cancel_renewal(subscription: Subscription, terms: RefundTerms, line: OrderLine, now: datetime) -> None:
    if terms.until is None:
        raise LookupError("a renewal that is taken back leaves an end")
    renewed_offer = subscription.offer_id
    refunds.cancel_periods(subscription, terms.periods, now=now)
    earlier_product = (
        Offer.objects.get(pk=subscription.offer_id).product_id if subscription.offer_id != renewed_offer else ""
    )
    request = OperationRequest(
        kind="cancel_renewal",
        subscription=subscription,
        line=line,
        origin=Operation.Origin.BUYER,
        actor=subscription.buyer.email,
        wanted=Cancellation(until=terms.until, product_id=earlier_product, settled=True),
    )
    operate([request], now=now)
    _stop_automatic_renewal(subscription, now)
    set_timers([subscription], now=now)
    _withdraw_unpaid(subscription, now)


def _stop_automatic_renewal(subscription: Subscription, now: datetime) -> None:
    """Turn off automatic renewal after a cancelled renewal."""
    if subscription.at_expiry != Subscription.AtExpiry.RENEW:
        return
    previous, subscription.at_expiry = subscription.at_expiry, Subscription.AtExpiry.KEEP
    subscription.auto_period_type, subscription.auto_periods = "", 0
    subscription.save(update_fields=["at_expiry", "auto_period_type", "auto_periods"])
    auto_renew.plan(subscription, rule=auto_renew.DEFAULT_RULE, now=now)
    record_move(
        subscription,
        HISTORY,
        "set",
        now=now,
        actor=subscription.buyer.email,
        before=previous,
        after=subscription.at_expiry,
    )


def end_service(
    subscription: Subscription, unbegun: Sequence[int], line: OrderLine, *, actor: str, now: datetime
) -> frozenset[int]:
    """End the service: access closes, and the seller is asked to delete it after other operations. Return the orders
    (by key) that had stopped at the seller and must be refunded."""
    given_up = end_stalled(subscription, actor=actor, now=now)
    refunds.cancel_periods(subscription, unbegun, now=now)
    request = OperationRequest(
        kind="release", subscription=subscription, line=line, origin=Operation.Origin.BUYER, actor=actor
    )
    operate([request], now=now)
    close(subscription, now)
    return given_up


def approve_refund(refund: Refund, decision: Decision, *, rules: RefundRules, now: datetime) -> Refund:
    """Approve a refund request as the seller, or as an operator on an appeal: it is paid at once and the service ends.
    Periods that have not begun are refunded in addition.

    Raises ``Refused`` and then changes nothing.
    """
    with transaction.atomic():
        [locked_subscription] = locked_subscriptions([refund.subscription_id])
        earn_begun([locked_subscription.pk], now=now)
        current_refund = refund_requests.lock_refund(refund)
        service = refunds.refundable_service(locked_subscription, now=now, stalled=stalled_orders(locked_subscription))
        if service.under_way:
            raise Refused(
                "refund.under_way", _("An order for this service is being processed. Try again when it is complete.")
            )
        try:
            backs = negotiated_lines(service.parts, current_refund.amount_minor, now=now)
        except ValueError:
            raise Refused("refund.less_left", _("The amount exceeds the remaining refundable amount.")) from None
        refund_requests.store_decision(current_refund, decision, RefundEvent.APPROVE, now=now)
        given_up = _end_as_agreed(
            locked_subscription, current_refund, backs, service.parts, actor=decision.by.email, now=now
        )
        refund_requests.cancel_response_timer(current_refund)
        outbox.publish(RefundDecided(refund=current_refund.pk, outcome="approved"), now=now)
        refunds.pay(current_refund, backs, rules=rules, actor=decision.by.email, now=now, given_up=given_up)
    return current_refund


def _end_as_agreed(
    subscription: Subscription,
    refund: Refund,
    backs: Sequence[RefundableLine],
    parts: Sequence[PaidPart],
    *,
    actor: str,
    now: datetime,
) -> frozenset[int]:
    """End the service; a service that has already ended is only refunded. Return the result of ``end_service``."""
    purchase = OrderLine.objects.select_related("offer__sku__spec__product__seller").get(
        number=subscription.order_line_number
    )
    total = Money(sum(line_refund.back_minor for line_refund in backs), refund.currency)
    line = refunds.place_order(subscription, purchase_line=purchase, refundable=total, actor=actor, now=now)
    refund.order, refund.unbegun_minor = line.order, total.minor - refund.amount_minor
    refund.save(update_fields=["order", "unbegun_minor"])
    refunds.store_lines(refund, backs)
    if subscription.status not in LIVE_STATUSES:
        complete_order(line.order, now=now)
        return frozenset()
    unbegun = tuple(part.key for part in parts if part.starts_at > now)
    return end_service(subscription, unbegun, line, actor=actor, now=now)


def _withdraw_unpaid(subscription: Subscription, now: datetime) -> None:
    """Withdraw unpaid orders, whose prices depend on the cancelled time."""
    for order in open_changes(subscription):
        if order.status == Order.Status.UNPAID:
            cancel_for_market(order, now=now)
