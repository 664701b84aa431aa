"""Unsubscribing as a buyer does it, and what is looked at before and after."""

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
from tradepost.market.orders.refund_terms import Rules
from tradepost.market.orders.refunds import what_may
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Transfer
from tradepost.market.subscriptions.models import Period, Subscription

PRICE = 10_000
RULES = Rules(no_reason_days=5, no_reason_per_year=10, negotiable_days=30)
DAY = timedelta(days=1)


def asked(
    subscription: Subscription, way: str, *, now: datetime = NOW, key: str = "", back: int | None = None
) -> Refund:
    """As its buyer confirms what the page shows."""
    held = again(subscription)
    terms = what_may(held, RULES, now=now, stalled=stalled_orders(held)).way(way)
    shown = back if back is not None else terms.back.minor if terms else 0
    wanted = Unsubscribe(subscription=held.pk, way=way, back_minor=shown, agreed=True, idempotency_key=key)
    refund = unsubscribe(held.buyer, wanted, rules=RULES, now=now)
    react(now=now)
    return refund


def balance(subscription: Subscription) -> int:
    return ledger.buyer_account(subscription.buyer, "CNY").balance.minor


def owed(subscription: Subscription) -> int:
    return ledger.seller_account(subscription.seller, "CNY").balance.minor


def facts(subscription: Subscription) -> tuple[object, ...]:
    """All that a refusal must leave as it was."""
    held = again(subscription)
    return (
        held.status, held.expires_at, balance(held), owed(held), Order.objects.count(), Refund.objects.count(),
        Operation.objects.count(), Transfer.objects.count(), Period.objects.filter(cancelled_at=None).count(),
    )  # fmt: skip
