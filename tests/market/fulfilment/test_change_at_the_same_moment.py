"""Two tabs at the same moment: only one order of a service is placed (issue 11, business-rules §4.1)."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import transaction

from tests.market.at_once import ConcurrentAct
from tests.market.fulfilment.changes import LATER, change_ordered, changeable, freeze
from tests.market.fulfilment.services import again, order_status, ordered, service
from tests.market.working import waits_for_a_lock
from tests.waiting import until
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db(transaction=True)


def results_of_both(first: Callable[[], object], second: Callable[[], object]) -> tuple[str, str]:
    """Return both results when the second order comes before the first one commits."""
    at_work, go_on = threading.Event(), threading.Event()

    def held_back() -> None:
        with transaction.atomic():
            first()
            at_work.set()
            assert go_on.wait(30)

    one = ConcurrentAct(held_back)
    assert at_work.wait(30)
    other = ConcurrentAct(second)
    until(waits_for_a_lock, what="the second waits for the first")
    go_on.set()
    return one.outcome(), other.outcome()


def order_a_change(subscription: Subscription) -> Order:
    return change_ordered(subscription)


def order_a_renewal(subscription: Subscription) -> Order:
    return ordered(subscription, now=LATER)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        (order_a_change, order_a_change, "change.open"),
        (order_a_change, order_a_renewal, "renewal.open"),
        (order_a_renewal, order_a_change, "change.open"),
    ],
)
def test_one_of_two_orders_is_placed(
    first: Callable[[Subscription], object], second: Callable[[Subscription], object], refused: str
) -> None:
    subscription = changeable(service())
    assert results_of_both(lambda: first(subscription), lambda: second(subscription)) == ("done", refused)
    assert Order.objects.exclude(order_type=Order.Type.NEW).count() == 1


@pytest.mark.slow
def test_earlier_freeze_prevents_paying_the_change() -> None:
    """Issue 11: "upgrade while frozen": one outcome, nothing paid twice."""
    subscription = changeable(service())
    order = change_ordered(subscription)
    money = ledger.buyer_account(subscription.buyer, "CNY").balance
    assert results_of_both(lambda: freeze(subscription), lambda: pay_order(order, now=LATER)) == (
        "done",
        "change.frozen",
    )
    assert (order_status(order), again(subscription).status) == ("unpaid", "frozen")
    assert ledger.buyer_account(subscription.buyer, "CNY").balance == money
    assert ledger.verify().problems == ()
