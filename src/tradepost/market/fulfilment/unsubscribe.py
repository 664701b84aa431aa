"""Unsubscribe: a buyer takes back a renewal that has not begun, or ends the service and has its money back (business-rules
§4.7, operations.md §4).

All of it is true in one transaction, under the lock of the subscription: the order, the money, the end. The seller is told by
an operation, in its turn: UNSUBSCRIBE_RENEWAL_PERIOD with the end before (saas-v2 §3.3), or a release that names the order
(§3.5). Whoever else acts on the service at the same moment comes before or after.
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
from tradepost.market.base.lifecycle import moved
from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import User
from tradepost.market.orders import auto_renew, refund_requests, refunds
from tradepost.market.orders.cancel import withdraw
from tradepost.market.orders.changes import open_changes
from tradepost.market.orders.events import RefundDecided
from tradepost.market.orders.finish import complete_order
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.refund_lifecycle import RefundEvent
from tradepost.market.orders.refund_models import Refund
from tradepost.market.orders.refund_requests import Decision
from tradepost.market.orders.refund_terms import LineBack, Part, Rules, Terms, Way, agreed
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVING

from .cases import locked_subscriptions
from .earning import earn_begun
from .expiry_policy import HISTORY
from .kinds.cancel_renewal import Cancellation
from .models import Operation
from .operate import OperationRequest, close, operate
from .pay_back import end_stalled, stalled_orders
from .timers import watch


class Unsubscribe(Struct, frozen=True, kw_only=True):
    """What a buyer chose. ``way``: a ``refund_terms.Way`` that needs nobody's consent. ``back_minor``: what was shown to be paid
    back; another amount is not paid without asking again. ``idempotency_key`` names the request: it is done once, however
    often it is sent."""

    subscription: int
    way: str
    back_minor: int
    agreed: bool = False
    idempotency_key: str = ""


def unsubscribe(buyer: User, command: Unsubscribe, *, rules: Rules, now: datetime) -> Refund:
    """Do it. Raises ``Refused``, and nothing was changed then; the service must be the buyer's own."""
    with transaction.atomic():
        held = _locked(buyer, command.subscription)
        if (made := _made(buyer, command)) is not None:
            return made
        found = refunds.what_may(held, rules, now=now, stalled=stalled_orders(held))
        terms = found.way(command.way)
        if terms is None or terms.way is Way.NEGOTIATED:
            raise refunds.refused(found)
        if terms.back.minor != command.back_minor:
            raise Refused("unsubscribe.moved", _("What is paid back has changed: look at it and decide again."))
        if not command.agreed:
            raise Refused(
                "unsubscribe.agreement", _("Confirm that you know what happens then."), HTTPStatus.BAD_REQUEST,
                field="agreed",
            )  # fmt: skip
        return _carry_out(held, terms, command, rules, now)


def _locked(buyer: User, pk: int) -> Subscription:
    found = next((one for one in locked_subscriptions([pk]) if one.buyer_id == buyer.pk), None)
    if found is None:
        raise Subscription.DoesNotExist
    return found


def _made(buyer: User, command: Unsubscribe) -> Refund | None:
    """What the same request did already."""
    if not command.idempotency_key:
        return None
    return Refund.objects.filter(order__buyer=buyer, order__idempotency_key=_key(command)).first()


def _key(command: Unsubscribe) -> str:
    """Orders of a buyer share their keys: this one is about one service."""
    return f"u/{command.subscription}/{command.idempotency_key}"[:64] if command.idempotency_key else ""


def _carry_out(held: Subscription, terms: Terms, command: Unsubscribe, rules: Rules, now: datetime) -> Refund:
    cancels = terms.way is Way.CANCEL_RENEWAL
    bought = terms.lines[0].line if cancels else held.order_line_number
    about = OrderLine.objects.select_related("offer__sku__spec__product__seller").get(number=bought)
    actor = held.buyer.email
    line = refunds.place_order(held, about=about, back=terms.back, actor=actor, idempotency_key=_key(command), now=now)
    refund = refunds.begin_refund(held, terms, line, actor=actor, now=now)
    given_up: frozenset[int] = frozenset()
    if cancels:
        _take_renewal_back(held, terms, line, now)
    else:
        given_up = end_service(held, terms.periods, line, actor=actor, now=now)
    refunds.pay(refund, terms.lines, rules=rules, actor=actor, now=now, given_up=given_up)
    return refund


def _take_renewal_back(held: Subscription, terms: Terms, line: OrderLine, now: datetime) -> None:
    if terms.until is None:
        raise LookupError("a renewal that is taken back leaves an end")
    renewed = held.offer_id
    refunds.take_time_back(held, terms.periods, now=now)
    before = Offer.objects.get(pk=held.offer_id).product_id if held.offer_id != renewed else ""
    request = OperationRequest(
        kind="cancel_renewal",
        subscription=held,
        line=line,
        origin=Operation.Origin.BUYER,
        actor=held.buyer.email,
        wanted=Cancellation(until=terms.until, product_id=before, settled=True),
    )
    operate([request], now=now)
    _renew_no_more(held, now)
    watch([held], now=now)
    _withdraw_unpaid(held, now)


def _renew_no_more(held: Subscription, now: datetime) -> None:
    """Who takes a renewal back does not want another one on the next morning."""
    if held.at_expiry != Subscription.AtExpiry.RENEW:
        return
    before, held.at_expiry = held.at_expiry, Subscription.AtExpiry.KEEP
    held.auto_period_type, held.auto_periods = "", 0
    held.save(update_fields=["at_expiry", "auto_period_type", "auto_periods"])
    auto_renew.plan(held, rule=auto_renew.RULE, now=now)
    moved(held, HISTORY, "set", now=now, actor=held.buyer.email, before=before, after=held.at_expiry)


def end_service(
    held: Subscription, unbegun: Sequence[int], line: OrderLine, *, actor: str, now: datetime
) -> frozenset[int]:
    """Nobody enters it any more; its seller is asked to delete it, as soon as what is being done to it has ended. Gives the
    orders (by pk) that had stopped at the seller, and are to be paid back with it."""
    given_up = end_stalled(held, actor=actor, now=now)
    refunds.take_time_back(held, unbegun, now=now)
    request = OperationRequest(kind="release", subscription=held, line=line, origin=Operation.Origin.BUYER, actor=actor)
    operate([request], now=now)
    close(held, now)
    return given_up


def agree(refund: Refund, decision: Decision, *, rules: Rules, now: datetime) -> Refund:
    """The seller, or an operator about an appeal, agrees to what was asked for: it is paid at once, and the service ends. What
    has not begun is paid back on top. Raises ``Refused``, and nothing was changed then."""
    with transaction.atomic():
        [held] = locked_subscriptions([refund.subscription_id])
        earn_begun([held.pk], now=now)
        standing = refund_requests.locked(refund)
        service = refunds.held_service(held, now=now, stalled=stalled_orders(held))
        if service.under_way:
            raise Refused(
                "refund.under_way", _("An order about this service is being worked on: try again when it has ended.")
            )
        try:
            backs = agreed(service.parts, standing.amount_minor, now=now)
        except ValueError:
            raise Refused("refund.less_left", _("Less than that is left to be paid back.")) from None
        refund_requests.keep_decision(standing, decision, RefundEvent.APPROVE, now=now)
        given_up = _end_as_agreed(held, standing, backs, service.parts, actor=decision.by.email, now=now)
        refund_requests.stop_clock(standing)
        outbox.publish(RefundDecided(refund=standing.pk, outcome="approved"), now=now)
        refunds.pay(standing, backs, rules=rules, actor=decision.by.email, now=now, given_up=given_up)
    return standing


def _end_as_agreed(
    held: Subscription, refund: Refund, backs: Sequence[LineBack], parts: Sequence[Part], *, actor: str, now: datetime
) -> frozenset[int]:
    """A service that ended meanwhile is only paid back. Gives what ``end_service`` does."""
    about = OrderLine.objects.select_related("offer__sku__spec__product__seller").get(number=held.order_line_number)
    total = Money(sum(back.back_minor for back in backs), refund.currency)
    line = refunds.place_order(held, about=about, back=total, actor=actor, now=now)
    refund.order, refund.unbegun_minor = line.order, total.minor - refund.amount_minor
    refund.save(update_fields=["order", "unbegun_minor"])
    refunds.keep_lines(refund, backs)
    if held.status not in LIVING:
        complete_order(line.order, now=now)
        return frozenset()
    unbegun = tuple(part.key for part in parts if part.starts_at > now)
    return end_service(held, unbegun, line, actor=actor, now=now)


def _withdraw_unpaid(held: Subscription, now: datetime) -> None:
    """They were priced for a time that is not there any more."""
    for order in open_changes(held):
        if order.status == Order.Status.UNPAID:
            withdraw(order, now=now)
