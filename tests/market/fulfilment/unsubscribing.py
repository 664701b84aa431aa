"""Unsubscribing as a buyer does it, and the rows to compare before and after."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.factories import NOW
from tests.market.engine import react
from tests.market.fulfilment.services import again
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.pay_back import stalled_orders
from tradepost.market.fulfilment.unsubscribe import Unsubscribe, unsubscribe
from tradepost.market.orders.models import Order
from tradepost.market.orders.refund_models import Refund
from tradepost.market.orders.refund_terms import RefundRules
from tradepost.market.orders.refunds import possible_refunds
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Transfer
from tradepost.market.subscriptions.models import Period, Subscription

PRICE = 10_000
RULES = RefundRules(no_reason_days=5, no_reason_per_year=10, negotiable_days=30)
DAY = timedelta(days=1)


def asked(
    subscription: Subscription, way: str, *, now: datetime = NOW, key: str = "", back: int | None = None
) -> Refund:
    """Unsubscribe in one way, as the buyer confirms it on the page."""
    current = again(subscription)
    terms = possible_refunds(current, RULES, now=now, stalled=stalled_orders(current)).way(way)
    amount_minor = back if back is not None else terms.back.minor if terms else 0
    request = Unsubscribe(subscription=current.pk, way=way, back_minor=amount_minor, agreed=True, idempotency_key=key)
    refund = unsubscribe(current.buyer, request, rules=RULES, now=now)
    react(now=now)
    return refund


def balance(subscription: Subscription) -> int:
    return ledger.buyer_account(subscription.buyer, "CNY").balance.minor


def owed(subscription: Subscription) -> int:
    return ledger.seller_account(subscription.seller, "CNY").balance.minor


def facts(subscription: Subscription) -> tuple[object, ...]:
    """Everything that a refusal must leave unchanged."""
    current = again(subscription)
    return (
        current.status, current.expires_at, balance(current), owed(current), Order.objects.count(), Refund.objects.count(),
        Operation.objects.count(), Transfer.objects.count(), Period.objects.filter(cancelled_at=None).count(),
    )  # fmt: skip
