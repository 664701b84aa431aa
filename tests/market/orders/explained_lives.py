"""Histories of services: functions that put a service through orders whose amounts are then explained."""

from __future__ import annotations

from datetime import timedelta

from tests.factories import NOW
from tests.market.engine import react
from tests.market.fulfilment.changes import LATER, change_ordered, changeable, large_of, quoted
from tests.market.fulfilment.given_back import taken_back
from tests.market.fulfilment.services import END, again, done, failed, open_call, passes, renewed, tried
from tradepost.market.fulfilment.by_operator import release
from tradepost.market.fulfilment.pay_back import refund_order
from tradepost.market.fulfilment.sandbox_acts import Act
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.renew import RenewService, place_renewal
from tradepost.market.subscriptions.models import Subscription


def _unchanged(subscription: Subscription) -> None:
    """No further orders."""


def _renewed_ahead(subscription: Subscription) -> None:
    renewed(subscription)
    done(open_call())


def _renewed_and_started(subscription: Subscription) -> None:
    _renewed_ahead(subscription)
    passes(END + timedelta(hours=1))


def _renewal_pending(subscription: Subscription) -> None:
    renewed(subscription)


def _renewal_refunded(subscription: Subscription) -> None:
    order = renewed(subscription)
    failed(open_call())
    refund_order(order, reason="Agreed.", actor="op", now=NOW)
    react(now=NOW)


def _ended_by_operator(subscription: Subscription) -> None:
    _renewed_ahead(subscription)
    release(again(subscription), reason="Agreed.", actor="op", now=NOW)


def _renewal_tested(subscription: Subscription) -> None:
    tried(subscription, Act.RENEW)
    done(open_call())


def _changed(subscription: Subscription) -> None:
    changeable(subscription)
    quote = quoted(subscription, large_of(subscription), 1)
    pay_order(change_ordered(subscription, quote=quote), now=LATER)
    react(now=LATER)
    done(open_call(), now=LATER)


def _renewed_changed_and_ended(subscription: Subscription) -> None:
    _renewed_ahead(subscription)
    _changed(subscription)
    release(again(subscription), reason="Agreed.", actor="op", now=LATER)


def _unsubscribed(subscription: Subscription) -> None:
    """Unsubscribe the whole service, including a renewal that has not started."""
    _renewed_ahead(subscription)
    taken_back(subscription, "no_reason")


def _renewal_cancelled(subscription: Subscription) -> None:
    _renewed_ahead(subscription)
    taken_back(subscription, "cancel_renewal")


def _changed_and_renewal_cancelled(subscription: Subscription) -> None:
    """The fee of the change was paid for both periods."""
    _renewed_ahead(subscription)
    _changed(subscription)
    taken_back(subscription, "cancel_renewal", now=LATER)


def _aligned(subscription: Subscription) -> None:
    choice = RenewService(
        subscription=subscription.pk,
        product_id=again(subscription).offer.product_id,
        periods=1,
        agreed=True,
        align_day=15,
    )
    order = place_renewal(subscription.buyer, choice, now=NOW, unpaid_timeout=timedelta(days=1))
    pay_order(order, now=NOW)
    react(now=NOW)
    done(open_call())


REFUNDED_LIVES = [_unsubscribed, _renewal_cancelled, _changed_and_renewal_cancelled]


LIVES = [
    *REFUNDED_LIVES,
    _aligned,
    _changed,
    _renewed_changed_and_ended,
    _unchanged,
    _renewed_ahead,
    _renewed_and_started,
    _renewal_pending,
    _renewal_refunded,
    _ended_by_operator,
    _renewal_tested,
]
