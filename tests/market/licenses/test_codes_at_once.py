"""Concurrent programs: one activation per code (joint.md §6); returning a code against taking and activating it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import transaction

from tests.market.at_once import ConcurrentAct
from tests.market.licenses.coded import LATER, activate_codes, code_of, order_code, order_of, take
from tests.market.working import waits_for_a_lock
from tests.waiting import until
from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.activating import NotActivated, return_code, take_code
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Period, Subscription

pytestmark = pytest.mark.django_db(transaction=True)


def run_second_while_first_is_open(first: Callable[[], object], second: Callable[[], object]) -> ConcurrentAct:
    """Run the second action while the first one's transaction is open. Return the second, whose outcome follows."""
    started, proceed = threading.Event(), threading.Event()

    def run_first() -> None:
        with transaction.atomic():
            first()
            started.set()
            assert proceed.wait(30)

    first_thread = ConcurrentAct(run_first)
    assert started.wait(30)
    second_thread = ConcurrentAct(second)
    until(waits_for_a_lock, what="the second waits for the first")
    proceed.set()
    assert first_thread.outcome() == "done"
    return second_thread


def activation(subscription: Subscription) -> Callable[[], object]:
    def act() -> None:
        try:
            activate_codes(subscription.seller_id, code_of(subscription).code)
        except NotActivated as refused:
            raise Refused(refused.trouble.code, refused.trouble.detail) from None

    return act


@pytest.mark.slow
def test_concurrent_activations_succeed_once() -> None:
    subscription = take(order_code())
    assert run_second_while_first_is_open(activation(subscription), activation(subscription)).outcome() == "92020003"
    assert Period.objects.filter(subscription=subscription).count() == 1
    assert ledger.verify().problems == ()


def test_returned_code_cannot_be_taken() -> None:
    subscription = order_code()
    second = run_second_while_first_is_open(
        lambda: return_code(subscription, actor="b", now=LATER), lambda: take_code(subscription, actor="b", now=LATER)
    )
    assert second.outcome() == "license.no_code"
    assert (order_of(subscription).status, code_of(subscription).status) == ("refunded", "withdrawn")


def test_concurrently_taken_code_cannot_be_returned() -> None:
    subscription = order_code()
    second = run_second_while_first_is_open(
        lambda: take_code(subscription, actor="b", now=LATER), lambda: return_code(subscription, actor="b", now=LATER)
    )
    assert second.outcome() == "license.taken"
    assert (order_of(subscription).status, code_of(subscription).status) == ("processing", "taken")
