"""Unsubscribing and something else at the same moment: one outcome, nothing paid twice (issue 11, must show 5)."""

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


def leaves(subscription: Subscription, way: str = "no_reason", back: int = PRICE, key: str = "") -> None:
    wanted = Unsubscribe(subscription=subscription.pk, way=way, back_minor=back, agreed=True, idempotency_key=key)
    unsubscribe(subscription.buyer, wanted, rules=RULES, now=NOW)


def test_two_tabs_unsubscribe_once() -> None:
    subscription = service()
    before = balance(subscription)
    outcomes = at_once([lambda: leaves(subscription)] * 3)
    assert sorted(outcomes) == ["done", "unsubscribe.ended", "unsubscribe.ended"]
    assert (Refund.objects.count(), balance(subscription)) == (1, before + PRICE)
    assert ledger.verify().problems == ()


def test_a_double_click_gets_the_first_result() -> None:
    subscription = service()
    assert at_once([lambda: leaves(subscription, key="k")] * 3) == ["done"] * 3
    assert Refund.objects.count() == 1


def test_renewing_and_unsubscribing_have_one_outcome() -> None:
    """An unpaid renewal is withdrawn; one that was paid first holds the unsubscription up."""
    subscription = service()
    before, order = balance(subscription), ordered(subscription)
    outcomes = at_once([lambda: pay_order(order, now=NOW), lambda: leaves(subscription)])
    react(now=NOW)
    held, order = again(subscription), Order.objects.get(pk=order.pk)
    if outcomes[1] == "done":
        assert (held.status, order.status) == ("releasing", "cancelled")
        assert outcomes[0] in {"renewal.not_possible", "order.not_allowed"}
        assert balance(subscription) == before + PRICE
    else:
        assert outcomes == ["done", "unsubscribe.under_way"]
        assert (held.status, order.status) == ("active", "processing")
        assert balance(subscription) == before - PRICE
    assert ledger.verify().problems == ()


def test_a_renewal_is_taken_back_or_followed_by_another_never_both() -> None:
    subscription = service()
    renewed(subscription)
    done(open_call())
    offer = again(subscription).offer.product_id
    choice = RenewService(subscription=subscription.pk, product_id=offer, periods=1, agreed=True)
    outcomes = at_once(
        [
            lambda: place_renewal(subscription.buyer, choice, now=NOW, unpaid_timeout=timedelta(days=1)),
            lambda: leaves(subscription, "cancel_renewal"),
        ]
    )
    assert outcomes[1] == "done"
    if outcomes[0] == "done":
        assert Order.objects.filter(order_type="RENEW").latest("pk").status == "cancelled", (
            "it was priced for another end"
        )
    else:
        assert outcomes[0] == "renewal.open"
    assert ledger.verify().problems == ()


def test_the_tenth_and_the_eleventh_at_the_same_moment() -> None:
    """Counted under the buyer's account lock: two services of one buyer, one place left."""
    first, second = service(), service()
    Subscription.objects.filter(pk=second.pk).update(buyer=first.buyer)
    Order.objects.filter(lines__subscription=second).update(buyer=first.buyer)
    other = service()
    for _ in range(9):
        Refund.objects.create(
            kind="no_reason", status="refunded", buyer=first.buyer, seller=other.seller, subscription=other,
            amount_minor=0, currency="CNY", requested_at=NOW,
        )  # fmt: skip
    outcomes = at_once([lambda: leaves(again(first)), lambda: leaves(again(second))])
    assert sorted(outcomes) == ["done", "unsubscribe.too_often"]
    assert {again(first).status, again(second).status} == {"active", "releasing"}
