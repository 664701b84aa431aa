"""Two programs at one moment: one activation per code (joint.md §6), and giving back against taking and activating."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import transaction

from tests.market.at_once import Doing
from tests.market.licenses.coded import LATER, code_of, code_ordered, order_of, software, taken
from tests.market.working import waits_for_a_lock
from tests.waiting import until
from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.activating import NotActivated, give_back, take_code
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Period, Subscription

pytestmark = pytest.mark.django_db(transaction=True)


def after(first: Callable[[], object], second: Callable[[], object]) -> Doing:
    """What becomes of the second, that comes while the first is not committed yet."""
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
    assert one.outcome() == "done"
    return other


def activates(held: Subscription) -> Callable[[], object]:
    def act() -> None:
        try:
            software(held.seller_id, code_of(held).code)
        except NotActivated as refused:
            raise Refused(refused.trouble.code, refused.trouble.detail) from None

    return act


def test_of_two_activations_one_counts() -> None:
    held = taken(code_ordered())
    assert after(activates(held), activates(held)).outcome() == "92020003"
    assert Period.objects.filter(subscription=held).count() == 1
    assert ledger.verify().problems == ()


def test_what_is_given_back_cannot_be_taken_any_more() -> None:
    held = code_ordered()
    second = after(lambda: give_back(held, actor="b", now=LATER), lambda: take_code(held, actor="b", now=LATER))
    assert second.outcome() == "license.no_code"
    assert (order_of(held).status, code_of(held).status) == ("refunded", "withdrawn")


def test_what_was_taken_meanwhile_is_not_given_back() -> None:
    held = code_ordered()
    second = after(lambda: take_code(held, actor="b", now=LATER), lambda: give_back(held, actor="b", now=LATER))
    assert second.outcome() == "license.taken"
    assert (order_of(held).status, code_of(held).status) == ("processing", "taken")
