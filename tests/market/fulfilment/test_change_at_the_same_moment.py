"""Two tabs at one moment: of a change and whatever else is ordered of the same service one is ordered (issue 11, business-rules
§4.1)."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import transaction

from tests.market.at_once import Doing
from tests.market.fulfilment.changes import LATER, change_ordered, changeable, freeze
from tests.market.fulfilment.services import again, order_status, ordered, service
from tests.market.working import waits_for_a_lock
from tests.waiting import until
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db(transaction=True)


def after(first: Callable[[], object], second: Callable[[], object]) -> tuple[str, str]:
    """What becomes of both when the second comes while the first is not committed yet."""
    at_work, go_on = threading.Event(), threading.Event()

    def held_back() -> None:
        with transaction.atomic():
            first()
            at_work.set()
            assert go_on.wait(30)

    one = Doing(held_back)
    assert at_work.wait(30)
    other = Doing(second)
    until(waits_for_a_lock, what="the second waits for the first")
    go_on.set()
    return one.outcome(), other.outcome()


def changes(held: Subscription) -> Order:
    return change_ordered(held)


def renews(held: Subscription) -> Order:
    return ordered(held, now=LATER)


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [(changes, changes, "change.open"), (changes, renews, "renewal.open"), (renews, changes, "change.open")],
)
def test_one_of_two_is_ordered(
    first: Callable[[Subscription], object], second: Callable[[Subscription], object], refused: str
) -> None:
    held = changeable(service())
    assert after(lambda: first(held), lambda: second(held)) == ("done", refused)
    assert Order.objects.exclude(order_type=Order.Type.NEW).count() == 1


def test_a_freeze_that_was_first_keeps_the_change_from_being_paid() -> None:
    """Issue 11: "upgrade while frozen": one outcome, nothing paid twice."""
    held = changeable(service())
    order = change_ordered(held)
    money = ledger.buyer_account(held.buyer, "CNY").balance
    assert after(lambda: freeze(held), lambda: pay_order(order, now=LATER)) == ("done", "change.frozen")
    assert (order_status(order), again(held).status) == ("unpaid", "frozen")
    assert ledger.buyer_account(held.buyer, "CNY").balance == money
    assert ledger.verify().problems == ()
