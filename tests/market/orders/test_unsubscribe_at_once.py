"""Unsubscribing concurrently with another action: one outcome, no double refund (issue 11, must show 5)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import NOW
from tests.market.at_once import at_once
from tests.market.engine import react
from tests.market.fulfilment.services import again, done, open_call, ordered, renewed, service
from tests.market.fulfilment.unsubscribing import PRICE, RULES, balance
from tradepost.market.fulfilment.unsubscribe import Unsubscribe, unsubscribe
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.refund_models import Refund
from tradepost.market.orders.renew import RenewService, place_renewal
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db(transaction=True)


def leave(subscription: Subscription, way: str = "no_reason", back: int = PRICE, key: str = "") -> None:
    command = Unsubscribe(subscription=subscription.pk, way=way, back_minor=back, agreed=True, idempotency_key=key)
    unsubscribe(subscription.buyer, command, rules=RULES, now=NOW)


@pytest.mark.slow
def test_two_tabs_unsubscribe_once() -> None:
    subscription = service()
    before = balance(subscription)
    outcomes = at_once([lambda: leave(subscription)] * 3)
    assert sorted(outcomes) == ["done", "unsubscribe.ended", "unsubscribe.ended"]
    assert (Refund.objects.count(), balance(subscription)) == (1, before + PRICE)
    assert ledger.verify().problems == ()


def test_double_click_returns_the_first_result() -> None:
    subscription = service()
    assert at_once([lambda: leave(subscription, key="k")] * 3) == ["done"] * 3
    assert Refund.objects.count() == 1


@pytest.mark.slow
def test_renewing_and_unsubscribing_have_one_outcome() -> None:
    """An unpaid renewal is withdrawn; a renewal paid first blocks the unsubscription."""
    subscription = service()
    before, order = balance(subscription), ordered(subscription)
    outcomes = at_once([lambda: pay_order(order, now=NOW), lambda: leave(subscription)])
    react(now=NOW)
    stored, order = again(subscription), Order.objects.get(pk=order.pk)
    if outcomes[1] == "done":
        assert (stored.status, order.status) == ("releasing", "cancelled")
        assert outcomes[0] in {"renewal.not_possible", "order.not_allowed"}
        assert balance(subscription) == before + PRICE
    else:
        assert outcomes == ["done", "unsubscribe.under_way"]
        assert (stored.status, order.status) == ("active", "processing")
        assert balance(subscription) == before - PRICE
    assert ledger.verify().problems == ()


@pytest.mark.slow
def test_renewal_is_cancelled_or_followed_by_another_never_both() -> None:
    subscription = service()
    renewed(subscription)
    done(open_call())
    offer = again(subscription).offer.product_id
    choice = RenewService(subscription=subscription.pk, product_id=offer, periods=1, agreed=True)
    outcomes = at_once(
        [
            lambda: place_renewal(subscription.buyer, choice, now=NOW, unpaid_timeout=timedelta(days=1)),
            lambda: leave(subscription, "cancel_renewal"),
        ]
    )
    assert outcomes[1] == "done"
    if outcomes[0] == "done":
        assert Order.objects.filter(order_type="RENEW").latest("pk").status == "cancelled", (
            "its price was computed for another end of the service"
        )
    else:
        assert outcomes[0] == "renewal.open"
    assert ledger.verify().problems == ()


@pytest.mark.slow
def test_concurrent_requests_cannot_exceed_the_yearly_limit() -> None:
    """Counted under the buyer's account lock: two services of one buyer, one refund left."""
    first, second = service(), service()
    Subscription.objects.filter(pk=second.pk).update(buyer=first.buyer)
    Order.objects.filter(lines__subscription=second).update(buyer=first.buyer)
    other = service()
    for _ in range(9):
        Refund.objects.create(
            kind="no_reason", status="refunded", buyer=first.buyer, seller=other.seller, subscription=other,
            amount_minor=0, currency="CNY", requested_at=NOW,
        )  # fmt: skip
    outcomes = at_once([lambda: leave(again(first)), lambda: leave(again(second))])
    assert sorted(outcomes) == ["done", "unsubscribe.too_often"]
    assert {again(first).status, again(second).status} == {"active", "releasing"}
