"""Concurrent payment, cancellation and timeout of an order: exactly one succeeds, and the ledger balances."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from tests.factories import NOW, make_buyer, make_offer, make_order
from tests.market.at_once import ConcurrentAct
from tests.market.working import waits_for_a_lock
from tests.waiting import until
from tradepost.market.base import jobs
from tradepost.market.base.models import Event, Job
from tradepost.market.base.money import Money
from tradepost.market.orders import cancel
from tradepost.market.orders.cancel import cancel_order
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.place import UNPAID_TIMEOUT
from tradepost.market.payments import ledger
from tradepost.market.payments.ledger import buyer_account

pytestmark = pytest.mark.django_db(transaction=True)


def pay(order: Order) -> None:
    pay_order(order, now=order.pay_before - timedelta(milliseconds=1))


def cancel_by_buyer(order: Order) -> None:
    cancel_order(order, actor="buyer", now=order.pay_before)


@pytest.mark.parametrize("action", [pay, cancel_by_buyer])
def test_timer_first_refuses_the_buyer(action: Callable[[Order], object]) -> None:
    """The timer holds its row and is about to lock the order when the buyer acts; they must not deadlock."""
    order = make_order(make_buyer(balance="100000"), offer=make_offer())
    started, proceed = threading.Event(), threading.Event()

    def time_out(payload: Mapping[str, Any], now: datetime) -> datetime | None:
        started.set()
        assert proceed.wait(30)
        return cancel.time_out(payload, now)

    timer = ConcurrentAct(lambda: jobs.run_due({UNPAID_TIMEOUT: time_out}, now=order.pay_before))
    assert started.wait(30)
    buyer = ConcurrentAct(lambda: action(order))
    until(waits_for_a_lock, what="the buyer waits for the timer")
    proceed.set()
    assert (timer.outcome(), buyer.outcome()) == ("done", "order.not_allowed")
    assert Order.objects.get(pk=order.pk).status == Order.Status.CANCELLED
    assert list(Event.objects.exclude(name="topped_up").values_list("name", flat=True)) == ["order_cancelled"]
    assert (Job.objects.count(), ledger.money_in_clearing(order.number), ledger.verify().problems) == (0, 0, ())


def test_buyer_first_leaves_the_timer_nothing_to_do() -> None:
    order = make_order(make_buyer(balance="100000"), offer=make_offer())
    pay(order)
    assert jobs.run_due({UNPAID_TIMEOUT: cancel.time_out}, now=order.pay_before) == 0
    with transaction.atomic():
        assert cancel.time_out({"order": order.number}, order.pay_before) is None, "even if it has already started"
    assert Order.objects.get(pk=order.pk).status == Order.Status.PROCESSING
    assert list(Event.objects.exclude(name="topped_up").values_list("name", flat=True)) == ["order_paid"]


def test_concurrent_clicks_never_pay_and_cancel_the_same_order() -> None:
    """Two clicks on Pay and one on Cancel for each of four orders, all their timers, and a balance that covers two of the four."""
    buyer, offer = make_buyer(balance="0"), make_offer()
    orders = [make_order(buyer, offer=offer) for _ in range(4)]
    price = orders[0].total
    ledger.top_up(buyer, Money(2 * price.minor, price.currency), reference="BANK", actor="operator", now=NOW)
    start = threading.Barrier(3 * len(orders) + 1)

    def click(act: Callable[[Order], object], order: Order) -> ConcurrentAct:
        def begin() -> None:
            start.wait(30)
            act(order)

        return ConcurrentAct(begin)

    def timers() -> None:
        start.wait(30)
        jobs.run_due({UNPAID_TIMEOUT: cancel.time_out}, now=orders[-1].pay_before)

    clicks = [click(act, order) for order in orders for act in (pay, pay, cancel_by_buyer)]
    outcomes = [doing.outcome() for doing in (ConcurrentAct(timers), *clicks)]
    assert set(outcomes) <= {"done", "order.not_allowed", "balance.too_low"}, outcomes
    stored_orders = Order.objects.filter(pk__in=[order.pk for order in orders])
    paid = [order for order in stored_orders if order.status == Order.Status.PROCESSING]
    for order in stored_orders:
        assert order in paid or order.status == Order.Status.CANCELLED
        assert ledger.money_in_clearing(order.number) == (price.minor if order in paid else 0)
    assert buyer_account(buyer, price.currency).balance_minor == (2 - len(paid)) * price.minor
    assert Event.objects.filter(name="order_paid").count() == len(paid)
    assert Event.objects.filter(name="order_cancelled").count() == len(orders) - len(paid)
    assert ledger.verify().problems == ()
