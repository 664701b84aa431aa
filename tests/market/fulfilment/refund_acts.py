"""Refund requests, and decisions of sellers and operators about them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.factories import NOW
from tests.market.engine import react
from tests.market.fulfilment.unsubscribing import RULES
from tradepost.market.fulfilment.unsubscribe import approve_refund
from tradepost.market.identity.models import Member, User
from tradepost.market.orders.refund_models import Refund
from tradepost.market.orders.refund_requests import Decision, RefundRequest, ResponseTimes, request_refund
from tradepost.market.subscriptions.models import Subscription

PATIENCE = ResponseTimes(contact_workdays=7, appeal_days=10, zone=ZoneInfo("Asia/Shanghai"))


def asks(
    subscription: Subscription, minor: int = 3_000, *, now: datetime = NOW, a_day: int = 20,
    stalled: frozenset[int] = frozenset(), **more: Any,
) -> Refund:  # fmt: skip
    request = RefundRequest(subscription=subscription.pk, amount_minor=minor, reason="It does not start.", **more)
    refund = request_refund(
        subscription.buyer, request, rules=RULES, patience=PATIENCE, a_day=a_day, now=now, stalled=stalled
    )
    react(now=now)
    return refund


def of_seller(subscription: Subscription, opinion: str = "We talked about it.") -> Decision:
    user = Member.objects.filter(seller=subscription.seller).order_by("pk")[0].user
    return Decision(by=user, by_operator=False, opinion=opinion)


def operator_decision(user: User) -> Decision:
    return Decision(by=user, by_operator=True, opinion="The seller did not answer.")


def agreed(refund: Refund, decision: Decision, *, now: datetime = NOW) -> Refund:
    approve_refund(refund, decision, rules=RULES, now=now)
    react(now=now)
    return Refund.objects.get(pk=refund.pk)
