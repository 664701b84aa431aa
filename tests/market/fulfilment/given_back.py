"""What a buyer takes back of a service: at once, or as agreed on with its seller; as their pages do it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.factories import NOW
from tests.market.engine import react
from tests.market.fulfilment.services import again
from tradepost.market.fulfilment.unsubscribe import Unsubscribe, agree, unsubscribe
from tradepost.market.identity.models import Member
from tradepost.market.orders.refund_models import Refund
from tradepost.market.orders.refund_requests import AskForRefund, Decision, Patience, ask_for_refund
from tradepost.market.orders.refund_terms import Rules
from tradepost.market.orders.refunds import what_may
from tradepost.market.subscriptions.models import Subscription

RULES = Rules(no_reason_days=5, no_reason_per_year=10, negotiable_days=30)
PATIENCE = Patience(contact_workdays=7, appeal_days=10, zone=ZoneInfo("Asia/Shanghai"))


def taken_back(subscription: Subscription, way: str, *, now: datetime = NOW) -> Refund:
    """What needs nobody's consent, for the amount that the page shows."""
    held = again(subscription)
    terms = what_may(held, RULES, now=now).way(way)
    assert terms is not None, f"{way} is not open"
    wanted = Unsubscribe(subscription=held.pk, way=way, back_minor=terms.back.minor, agreed=True)
    refund = unsubscribe(held.buyer, wanted, rules=RULES, now=now)
    react(now=now)
    return refund


def agreed_on(subscription: Subscription, minor: int, *, now: datetime = NOW) -> Refund:
    """Asked for, and agreed to by the seller a day later."""
    wanted = AskForRefund(subscription=subscription.pk, amount_minor=minor, reason="It does not start.")
    refund = ask_for_refund(subscription.buyer, wanted, rules=RULES, patience=PATIENCE, a_day=20, now=now)
    by = Member.objects.filter(seller=subscription.seller).order_by("pk")[0].user
    later = now + timedelta(days=1)
    agree(refund, Decision(by=by, by_operator=False, opinion="We talked about it."), rules=RULES, now=later)
    react(now=later)
    return refund
