"""What was bought is opened: it begins, goes on and ends once, whatever comes twice or late."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import NOW, make_address, make_buyer, make_offer, make_order, make_product, make_seller
from tests.market.engine import LOST, REFUSED_CONNECTION, answer, give_up, react
from tests.market.fulfilment.services import done, failed, open_call, opened, order_status, progress_of
from tradepost.market.base import outbox
from tradepost.market.catalog.models import Product
from tradepost.market.fulfilment import advance, order_paid
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.restart import restart
from tradepost.market.orders.events import OrderPaid
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Transfer
from tradepost.market.production.events import CallEnded
from tradepost.market.production.models import Attempt, Call
from tradepost.market.subscriptions.models import Period, Subscription
from tradepost.protocols.commands import Done

pytestmark = pytest.mark.django_db


def paid(protocol: str, *, kind: str = "SAAS") -> Order:
    seller = make_seller()
    product = make_product(seller, address=make_address(seller, protocol=protocol), product_type=kind)
    order = make_order(make_buyer(), offer=make_offer(product), paid=True)
    react(now=NOW)
    return order


def test_an_event_that_comes_twice_asks_and_delivers_once() -> None:
    order = paid("saas_v2")
    order_paid.on_order_paid(OrderPaid(order=order.number), NOW)
    create = answer(open_call(), now=NOW)
    ended = CallEnded(call=create.pk, kind=create.kind, outcome=create.outcome)
    for _ in range(2):
        advance.on_call_ended(ended, NOW)
    react(now=NOW)
    query = Call.objects.get(kind="Query")
    assert Operation.objects.get().call_id == query.pk
    answer(query, opened(query), now=NOW)
    outbox.publish(CallEnded(call=query.pk, kind=query.kind, outcome="done"), now=NOW)
    react(now=NOW)
    assert Call.objects.count() == 2
    assert (order_status(order), Operation.objects.get().status) == ("completed", "done")
    assert Period.objects.count() == 1
    assert ledger.verify().problems == ()


def test_a_second_line_over_a_protocol_without_lines_is_paid_back_and_nothing_asked() -> None:
    """saas-v1-license A2.2: the key of a repeat is orderId, so the second line would get the first one's instance."""
    seller = make_seller()
    product = make_product(seller, address=make_address(seller, protocol="saas_v1"))
    order = _with_two_lines(product)
    react(now=NOW)
    assert order_status(order) == Order.Status.REFUNDED
    assert not Call.objects.exists()
    assert not Operation.objects.exists()
    assert not Subscription.objects.exists()
    assert ledger.verify().problems == ()


def test_a_second_line_over_a_protocol_with_lines_is_asked_for() -> None:
    """saas-v2 §3.1: the key is orderId with orderLineId; the order is done when both are."""
    order = _with_two_lines(make_product())
    react(now=NOW)
    assert (order_status(order), Call.objects.count()) == ("processing", 2)
    for place, call in enumerate(Call.objects.order_by("pk")):
        answer(call, opened(call), now=NOW)
        react(now=NOW)
        assert order_status(order) == ("processing", "completed")[place]


def _with_two_lines(product: Product) -> Order:
    order = make_order(offer=make_offer(product), paid=True)
    line = OrderLine.objects.get(order=order)
    line.pk, line.number, line.amount_minor = None, f"{order.number}-000002", 0
    line.save(force_insert=True)
    return order


@pytest.mark.parametrize(("protocol", "kind", "kept"), [("saas_v1", "SAAS", False), ("license_v1", "LICENSE", True)])
def test_the_end_of_a_plan_refunds_unless_the_protocol_keeps_the_order(protocol: str, kind: str, kept: bool) -> None:
    """saas-v1-license A6, B1."""
    order = paid(protocol, kind=kind)
    assert progress_of(order).kept is kept
    assert not progress_of(order).stopped
    failed(open_call())
    assert order_status(order) == (Order.Status.PROCESSING if kept else Order.Status.REFUNDED)
    assert Operation.objects.get(kind="open").status == (Operation.Status.STOPPED if kept else Operation.Status.GAVE_UP)
    assert Subscription.objects.get().status == ("opening" if kept else "failed")
    assert progress_of(order).stopped is kept


def test_the_end_of_an_attempt_that_was_restarted_meanwhile_is_not_the_end() -> None:
    """The event of the first end may arrive after a person restarted it."""
    order = paid("license_v1", kind="LICENSE")
    call = give_up(open_call(), now=NOW)
    ended = CallEnded(call=call.pk, kind=call.kind, outcome="gave_up")
    react(now=NOW)
    restart(Operation.objects.get(), actor="seller", now=NOW)
    outbox.publish(ended, now=NOW)
    react(now=NOW)
    assert Operation.objects.get().status == Operation.Status.RUNNING
    assert not progress_of(order).stopped


def test_a_stopped_opening_goes_on_when_it_is_restarted() -> None:
    """saas-v1-license B1: a restart by hand completes it; twice pressed is once asked."""
    order = paid("license_v1", kind="LICENSE")
    failed(open_call())
    stopped = Operation.objects.get()
    later = NOW + timedelta(days=2)
    for _ in range(2):
        restart(stopped, actor="seller", now=later)
    assert not progress_of(order).stopped, "it is being called again"
    answer(open_call(), Done(license="L", instance_id="i-1"), now=later)
    react(now=later)
    assert (order_status(order), Operation.objects.get().status) == ("completed", "done")
    assert Subscription.objects.get().started_at == later, "the paid time begins when the buyer can"
    assert ledger.verify().problems == ()


def test_a_plan_that_a_person_completed_late_gives_the_next_step_its_own_time() -> None:
    """saas-v2 §3.1: bounded by the 3 h of the creation, unless that was completed by hand after them."""
    order = paid("saas_v2")
    create = open_call()
    answer(create, now=NOW, last=True)
    react(now=NOW)
    assert Call.objects.get(kind="Query").give_up_at is None
    assert order_status(order) == Order.Status.PROCESSING


def test_a_query_is_bounded_by_the_plan_of_its_creation() -> None:
    """saas-v2 §3.1, §3.10: 3 h counted from the first attempt."""
    paid("saas_v2")
    done(open_call())
    assert Call.objects.get(kind="Query").give_up_at == NOW + timedelta(hours=3)


@pytest.mark.parametrize("reached", [True, False])
def test_what_an_opening_may_have_left_is_released(reached: bool) -> None:
    """saas-v2 §3.10, §3.1: by the id that the protocol recommends; nothing where nobody was reached."""
    order = paid("saas_v2")
    create = open_call()
    failed(create, LOST if reached else REFUSED_CONNECTION)
    assert order_status(order) == "refunded"
    asked = list(Call.objects.filter(kind="Release").values_list("order_number", "command__instance_id"))
    first = Call.objects.get(kind="Create").business_id
    assert [instance for _, instance in asked] == ([first] if reached else [])
    if reached:
        done(open_call())
        assert Operation.objects.get(kind="release_orphan").status == "done"
    assert Transfer.objects.filter(reason="refund").count() == 1
    assert ledger.verify().problems == ()


def test_which_request_arrived_first_nobody_knows() -> None:
    """saas-v2 §3.1: each carries a businessId of its own, and a seller makes the instance by that of the first it gets. Found
    by ``tradepost simulate --seed 2 --days 60 --sellers 2 --buyers 3 --faults 0.8``."""
    order = paid("saas_v2")
    create = open_call()
    for result in (REFUSED_CONNECTION, LOST):
        answer(create, result, now=NOW)
    failed(create, LOST)
    assert order_status(order) == "refunded"
    ids = list(Attempt.objects.filter(call=create).order_by("number").values_list("business_id", flat=True))
    wanted = (
        Operation.objects.filter(kind="release_orphan").order_by("pk").values_list("wanted__instance_id", flat=True)
    )
    assert (len(ids), list(wanted)) == (3, ids[1:])
