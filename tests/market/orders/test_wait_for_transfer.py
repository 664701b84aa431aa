"""An order with an announced transfer can be paid until a day after the operator should have checked it (our choice)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.factories import NOW, make_buyer, make_offer, make_order
from tests.factories.transfers import announce, show
from tradepost.market.base import jobs
from tradepost.market.base.models import Job
from tradepost.market.identity.models import User
from tradepost.market.orders.cancel import cancel_order, time_out
from tradepost.market.orders.models import Order
from tradepost.market.orders.place import UNPAID_TIMEOUT
from tradepost.market.orders.wait_for_transfer import on_transfer_proof_given
from tradepost.market.payments.events import TransferProofGiven
from tradepost.market.payments.intent_models import Intent

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
CHECK_TIME = datetime(2026, 3, 3, 18, tzinfo=NOW.tzinfo)


@pytest.fixture
def buyer() -> User:
    return make_buyer(balance="0")


@pytest.fixture
def order(buyer: User) -> Order:
    return make_order(buyer, offer=make_offer())


def handle_proof(intent: Intent, *, longest: timedelta = 14 * DAY, now: datetime = NOW) -> None:
    on_transfer_proof_given(TransferProofGiven(intent=intent.pk), now, longest=longest)


def test_deadline_and_timer_are_extended(buyer: User, order: Order) -> None:
    assert order.pay_before == NOW + DAY
    handle_proof(show(announce(buyer, purpose=order.number)))
    order.refresh_from_db()
    assert order.pay_before == CHECK_TIME + DAY == Job.objects.get(kind=UNPAID_TIMEOUT).due_at
    jobs.run_due({UNPAID_TIMEOUT: time_out}, now=NOW + 2 * DAY)
    order.refresh_from_db()
    assert order.status == Order.Status.UNPAID
    jobs.run_due({UNPAID_TIMEOUT: time_out}, now=CHECK_TIME + DAY)
    order.refresh_from_db()
    assert order.status == Order.Status.CANCELLED


def test_extension_is_limited_by_the_setting(buyer: User, order: Order) -> None:
    handle_proof(show(announce(buyer, purpose=order.number)), longest=2 * DAY)
    order.refresh_from_db()
    assert order.pay_before == NOW + 2 * DAY


@pytest.mark.parametrize("case", ["off", "not shown", "another's", "no purpose", "too late", "cancelled"])
def test_other_orders_are_not_extended(buyer: User, order: Order, case: str) -> None:
    payer = make_buyer(balance="0") if case == "another's" else buyer
    intent = announce(payer, purpose="" if case == "no purpose" else order.number)
    intent = intent if case == "not shown" else show(intent)
    if case == "cancelled":
        cancel_order(order, actor="x", now=NOW)
    handle_proof(
        intent, longest=timedelta(0) if case == "off" else 14 * DAY, now=NOW + (DAY if case == "too late" else 0 * DAY)
    )
    stored = Order.objects.get(pk=order.pk)
    assert stored.pay_before == NOW + DAY
    assert list(Job.objects.filter(kind=UNPAID_TIMEOUT).values_list("due_at", flat=True)) == (
        [] if case == "cancelled" else [NOW + DAY]
    )
