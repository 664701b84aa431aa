"""A new order whose transfer was shown can be paid until a day after the operator should have looked (a choice of ours)."""

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
CHECKED = datetime(2026, 3, 3, 18, tzinfo=NOW.tzinfo)


@pytest.fixture
def buyer() -> User:
    return make_buyer(balance="0")


@pytest.fixture
def order(buyer: User) -> Order:
    return make_order(buyer, offer=make_offer())


def happens(intent: Intent, *, longest: timedelta = 14 * DAY, now: datetime = NOW) -> None:
    on_transfer_proof_given(TransferProofGiven(intent=intent.pk), now, longest=longest)


def test_it_waits_with_its_timer(buyer: User, order: Order) -> None:
    assert order.pay_before == NOW + DAY
    happens(show(announce(buyer, purpose=order.number)))
    order.refresh_from_db()
    assert order.pay_before == CHECKED + DAY == Job.objects.get(kind=UNPAID_TIMEOUT).due_at
    jobs.run_due({UNPAID_TIMEOUT: time_out}, now=NOW + 2 * DAY)
    order.refresh_from_db()
    assert order.status == Order.Status.UNPAID
    jobs.run_due({UNPAID_TIMEOUT: time_out}, now=CHECKED + DAY)
    order.refresh_from_db()
    assert order.status == Order.Status.CANCELLED


def test_never_longer_than_the_setting_says(buyer: User, order: Order) -> None:
    happens(show(announce(buyer, purpose=order.number)), longest=2 * DAY)
    order.refresh_from_db()
    assert order.pay_before == NOW + 2 * DAY


@pytest.mark.parametrize("what", ["off", "not shown", "another's", "no purpose", "too late", "cancelled"])
def test_any_other_order_waits_no_longer(buyer: User, order: Order, what: str) -> None:
    whose = make_buyer(balance="0") if what == "another's" else buyer
    intent = announce(whose, purpose="" if what == "no purpose" else order.number)
    intent = intent if what == "not shown" else show(intent)
    if what == "cancelled":
        cancel_order(order, actor="x", now=NOW)
    happens(
        intent, longest=timedelta(0) if what == "off" else 14 * DAY, now=NOW + (DAY if what == "too late" else 0 * DAY)
    )
    kept = Order.objects.get(pk=order.pk)
    assert kept.pay_before == NOW + DAY
    assert list(Job.objects.filter(kind=UNPAID_TIMEOUT).values_list("due_at", flat=True)) == (
        [] if what == "cancelled" else [NOW + DAY]
    )
