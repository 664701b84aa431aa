"""Refunds in the history of a market: of unsubscribed services, and requested from a seller."""

from __future__ import annotations

from django.utils import timezone

from tradepost.market.base import clock
from tradepost.market.fulfilment.unsubscribe import Unsubscribe, unsubscribe
from tradepost.market.orders.refund_requests import RefundRequest, ResponseTimes, request_refund
from tradepost.market.orders.refunds import possible_refunds
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.refund_rules import rules_now


def unsubscribed(held: Subscription) -> str:
    """Return the key of the refund of a service that its buyer unsubscribed within five days."""
    terms = possible_refunds(held, rules_now(), now=clock.now()).way("no_reason")
    if terms is None:
        raise LookupError("a service of today can be unsubscribed")
    wanted = Unsubscribe(subscription=held.pk, way="no_reason", back_minor=terms.back.minor, agreed=True)
    return str(unsubscribe(held.buyer, wanted, rules=rules_now(), now=clock.now()).pk)


def asked_for(held: Subscription) -> str:
    """Return the key of a refund that a buyer requests from the seller of a license."""
    wanted = RefundRequest(
        subscription=held.pk, amount_minor=1_00, reason="许可证与描述不符，无法用于我们的版本。", shows_phone=True
    )
    patience = ResponseTimes(contact_workdays=7, appeal_days=10, zone=timezone.get_default_timezone())
    asked = request_refund(held.buyer, wanted, rules=rules_now(), patience=patience, a_day=20, now=clock.now())
    return str(asked.pk)
