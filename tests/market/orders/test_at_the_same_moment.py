"""Paying, cancelling and the end of the time to pay at one moment: one of them happens, and the ledger balances."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from tests.factories import NOW, make_buyer, make_offer, make_order
from tests.market.at_once import Doing
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


def pays(order: Order) -> None:
    pay_order(order, now=order.pay_before - timedelta(milliseconds=1))


def cancels(order: Order) -> None:
    cancel_order(order, actor="buyer", now=order.pay_before)


@pytest.mark.parametrize("act", [pays, cancels])
def test_when_the_timer_was_first_the_buyer_comes_too_late(act: Callable[[Order], object]) -> None:
    """The timer holds its row and is about to take the order when the buyer acts; they must not wait for each other."""
    order = make_order(make_buyer(balance="100000"), offer=make_offer())
    at_work, go_on = threading.Event(), threading.Event()

    def time_out(payload: Mapping[str, Any], now: datetime) -> datetime | None:
        at_work.set()
        assert go_on.wait(30)
        return cancel.time_out(payload, now)

    timer = Doing(lambda: jobs.run_due({UNPAID_TIMEOUT: time_out}, now=order.pay_before))
    assert at_work.wait(30)
    buyer = Doing(lambda: act(order))
    until(waits_for_a_lock, what="the buyer waits for the timer")
    go_on.set()
    assert (timer.outcome(), buyer.outcome()) == ("done", "order.not_allowed")
    assert Order.objects.get(pk=order.pk).status == Order.Status.CANCELLED
    assert list(Event.objects.exclude(name="topped_up").values_list("name", flat=True)) == ["order_cancelled"]
    assert (Job.objects.count(), ledger.held_for(order.number), ledger.verify().problems) == (0, 0, ())


def test_when_the_buyer_was_first_the_timer_finds_nothing_to_do() -> None:
    order = make_order(make_buyer(balance="100000"), offer=make_offer())
    pays(order)
    assert jobs.run_due({UNPAID_TIMEOUT: cancel.time_out}, now=order.pay_before) == 0
    with transaction.atomic():
        assert cancel.time_out({"order": order.number}, order.pay_before) is None, "even when it is on its way already"
    assert Order.objects.get(pk=order.pk).status == Order.Status.PROCESSING
    assert list(Event.objects.exclude(name="topped_up").values_list("name", flat=True)) == ["order_paid"]


def test_many_at_once_never_pay_and_cancel_the_same_order() -> None:
    """Two clicks on Pay and one on Cancel for each of four orders, the timers of all, and money for two of the four."""
    buyer, offer = make_buyer(balance="0"), make_offer()
    orders = [make_order(buyer, offer=offer) for _ in range(4)]
    price = orders[0].total
    ledger.top_up(buyer, Money(2 * price.minor, price.currency), reference="BANK", actor="operator", now=NOW)
    start = threading.Barrier(3 * len(orders) + 1)

    def click(act: Callable[[Order], object], order: Order) -> Doing:
        def begin() -> None:
            start.wait(30)
            act(order)

        return Doing(begin)

    def timers() -> None:
        start.wait(30)
        jobs.run_due({UNPAID_TIMEOUT: cancel.time_out}, now=orders[-1].pay_before)

    clicks = [click(act, order) for order in orders for act in (pays, pays, cancels)]
    outcomes = [doing.outcome() for doing in (Doing(timers), *clicks)]
    assert set(outcomes) <= {"done", "order.not_allowed", "balance.too_low"}, outcomes
    found = Order.objects.filter(pk__in=[order.pk for order in orders])
    paid = [order for order in found if order.status == Order.Status.PROCESSING]
    for order in found:
        assert order in paid or order.status == Order.Status.CANCELLED
        assert ledger.held_for(order.number) == (price.minor if order in paid else 0)
    assert buyer_account(buyer, price.currency).balance_minor == (2 - len(paid)) * price.minor
    assert Event.objects.filter(name="order_paid").count() == len(paid)
    assert Event.objects.filter(name="order_cancelled").count() == len(orders) - len(paid)
    assert ledger.verify().problems == ()
