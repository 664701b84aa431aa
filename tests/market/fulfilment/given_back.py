"""Refunds that a buyer asks for: without the seller's consent, or agreed with the seller."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.factories import NOW
from tests.market.engine import react
from tests.market.fulfilment.services import again
from tradepost.market.fulfilment.unsubscribe import Unsubscribe, approve_refund, unsubscribe
from tradepost.market.identity.models import Member
from tradepost.market.orders.refund_models import Refund
from tradepost.market.orders.refund_requests import Decision, RefundRequest, ResponseTimes, request_refund
from tradepost.market.orders.refund_terms import RefundRules
from tradepost.market.orders.refunds import possible_refunds
from tradepost.market.subscriptions.models import Subscription

RULES = RefundRules(no_reason_days=5, no_reason_per_year=10, negotiable_days=30)
PATIENCE = ResponseTimes(contact_workdays=7, appeal_days=10, zone=ZoneInfo("Asia/Shanghai"))


def taken_back(subscription: Subscription, way: str, *, now: datetime = NOW) -> Refund:
    """Unsubscribe without the seller's consent, for the amount that the page shows."""
    current = again(subscription)
    terms = possible_refunds(current, RULES, now=now).way(way)
    assert terms is not None, f"{way} is not open"
    request = Unsubscribe(subscription=current.pk, way=way, back_minor=terms.back.minor, agreed=True)
    refund = unsubscribe(current.buyer, request, rules=RULES, now=now)
    react(now=now)
    return refund


def agreed_on(subscription: Subscription, minor: int, *, now: datetime = NOW) -> Refund:
    """Request a refund; the seller agrees to it a day later."""
    request = RefundRequest(subscription=subscription.pk, amount_minor=minor, reason="It does not start.")
    refund = request_refund(subscription.buyer, request, rules=RULES, patience=PATIENCE, a_day=20, now=now)
    by = Member.objects.filter(seller=subscription.seller).order_by("pk")[0].user
    later = now + timedelta(days=1)
    approve_refund(refund, Decision(by=by, by_operator=False, opinion="We talked about it."), rules=RULES, now=later)
    react(now=later)
    return refund
