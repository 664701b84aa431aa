"""Timer and buyer renew one service at the same moment, and two workers run one timer: one order, paid once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connections

from tests.factories import NOW, make_buyer, make_offer, make_order, make_product, make_subscription
from tests.factories.products import MONTHLY
from tests.market.at_once import at_once
from tradepost.market.base import jobs
from tradepost.market.base.models import Event, Job
from tradepost.market.fulfilment.expiry_policy import SetExpiryPolicy, set_expiry_policy
from tradepost.market.fulfilment.timers import AUTO_RENEW
from tradepost.market.orders.auto_renew import DEFAULT_RULE
from tradepost.market.orders.buy import renew
from tradepost.market.orders.durations import Duration
from tradepost.market.orders.models import AutoRenewal, Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.renew import RenewService
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.wiring import TASKS

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)
OPENED = {"done", "renewal.open"}


def auto_renewed_service() -> Subscription:
    """A service with automatic renewal and a balance for three renewals."""
    from tradepost.market.production.models import Address

    offer = make_offer(make_product(prices=(MONTHLY,)))
    assert Address.objects.exists()
    subscription = make_subscription(make_order(make_buyer(balance="400"), offer=offer, paid=True))
    request = SetExpiryPolicy(subscription=subscription.pk, at_expiry="renew", duration=Duration("month", 1))
    return set_expiry_policy(subscription.buyer, request, rule=DEFAULT_RULE, now=NOW)


def run_timers_of(subscription: Subscription) -> Callable[[], object]:
    """A worker at 03:00 that returns to jobs it had to leave to another worker."""
    at = AutoRenewal.objects.get(subscription=subscription).next_at
    assert at is not None
    tasks = {AUTO_RENEW: TASKS[AUTO_RENEW]}

    def work() -> None:
        jobs.run_due(tasks, now=at)

    return work


def renew_by_hand(subscription: Subscription) -> Callable[[], object]:
    at = AutoRenewal.objects.get(subscription=subscription).next_at
    assert at is not None
    command = RenewService(
        subscription=subscription.pk, product_id=subscription.offer.product_id, periods=1, agreed=True
    )

    def click() -> None:
        pay_order(renew(subscription.buyer, command, now=at, unpaid_timeout=DAY), now=at)

    return click


@pytest.mark.slow
def test_timer_and_buyer_renew_once() -> None:
    """Issue 11, must show 5: auto-renewal and a manual one at 03:00: one outcome, nothing paid twice."""
    subscription = auto_renewed_service()
    outcomes = at_once(
        [
            run_timers_of(subscription),
            renew_by_hand(subscription),
            renew_by_hand(subscription),
            run_timers_of(subscription),
        ]
    )
    assert set(outcomes) <= OPENED, outcomes
    [order] = Order.objects.filter(order_type="RENEW")
    assert order.status == "processing"
    assert ledger.money_in_clearing(order.number) == 10_000
    assert ledger.buyer_account(subscription.buyer, "CNY").balance.minor == 20_000
    assert Event.objects.filter(name="order_paid").count() == 1
    at = AutoRenewal.objects.get().next_at
    assert at is not None
    [timer] = Job.objects.filter(kind=AUTO_RENEW)
    jobs.run_due({AUTO_RENEW: TASKS[AUTO_RENEW]}, now=timer.due_at)
    assert Order.objects.filter(order_type="RENEW").count() == 1
    assert ledger.verify().problems == ()


def test_two_workers_run_one_timer_once() -> None:
    subscription = auto_renewed_service()
    outcomes = at_once([run_timers_of(subscription)] * 4)
    assert outcomes == ["done"] * 4
    assert list(Order.objects.filter(order_type="RENEW").values_list("status", "origin")) == [("processing", "timer")]
    assert (AutoRenewal.objects.get().tries, ledger.verify().problems) == (1, ())
    connections.close_all()


@pytest.mark.slow
def test_workers_renew_different_services_of_one_buyer_without_deadlock() -> None:
    """One transaction for each service: a locked account is never held while waiting for another service."""
    first = auto_renewed_service()
    other_services = [
        make_subscription(make_order(first.buyer, offer=first.offer, paid=True, now=NOW), now=NOW) for _ in range(2)
    ]
    for subscription in other_services:
        request = SetExpiryPolicy(subscription=subscription.pk, at_expiry="renew", duration=Duration("month", 1))
        set_expiry_policy(first.buyer, request, rule=DEFAULT_RULE, now=NOW)
    outcomes = at_once([run_timers_of(first)] * 3)
    assert outcomes == ["done"] * 3
    paid = Order.objects.filter(order_type="RENEW", status="processing").count()
    assert paid == 1, "the balance pays for one"
    assert sorted(AutoRenewal.objects.values_list("reason", flat=True)) == ["", "balance.too_low", "balance.too_low"]
    assert ledger.verify().problems == ()
