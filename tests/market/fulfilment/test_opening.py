"""Opening of a bought service: it begins, continues and ends once, even if events come twice or late."""

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


def paid_order(protocol: str, *, kind: str = "SAAS") -> Order:
    seller = make_seller()
    product = make_product(seller, address=make_address(seller, protocol=protocol), product_type=kind)
    order = make_order(make_buyer(), offer=make_offer(product), paid=True)
    react(now=NOW)
    return order


def test_repeated_event_calls_and_delivers_once() -> None:
    order = paid_order("saas_v2")
    order_paid.on_order_paid(OrderPaid(order=order.number), NOW)
    create = answer(open_call(), now=NOW)
    event = CallEnded(call=create.pk, kind=create.kind, outcome=create.outcome)
    for _ in range(2):
        advance.on_call_ended(event, NOW)
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


def test_second_line_is_refunded_where_the_protocol_has_no_lines() -> None:
    """saas-v1-license A2.2: the key of a repeat is orderId, so the second line would get the first line's instance."""
    seller = make_seller()
    product = make_product(seller, address=make_address(seller, protocol="saas_v1"))
    order = _with_two_lines(product)
    react(now=NOW)
    assert order_status(order) == Order.Status.REFUNDED
    assert not Call.objects.exists()
    assert not Operation.objects.exists()
    assert not Subscription.objects.exists()
    assert ledger.verify().problems == ()


def test_second_line_is_called_where_the_protocol_has_lines() -> None:
    """saas-v2 §3.1: the key is orderId with orderLineId; the order completes with both lines."""
    order = _with_two_lines(make_product())
    react(now=NOW)
    assert (order_status(order), Call.objects.count()) == ("processing", 2)
    for index, call in enumerate(Call.objects.order_by("pk")):
        answer(call, opened(call), now=NOW)
        react(now=NOW)
        assert order_status(order) == ("processing", "completed")[index]


def _with_two_lines(product: Product) -> Order:
    order = make_order(offer=make_offer(product), paid=True)
    line = OrderLine.objects.get(order=order)
    line.pk, line.number, line.amount_minor = None, f"{order.number}-000002", 0
    line.save(force_insert=True)
    return order


@pytest.mark.parametrize(("protocol", "kind", "kept"), [("saas_v1", "SAAS", False), ("license_v1", "LICENSE", True)])
def test_given_up_call_is_refunded_unless_the_protocol_keeps_the_order(protocol: str, kind: str, kept: bool) -> None:
    """saas-v1-license A6, B1."""
    order = paid_order(protocol, kind=kind)
    assert progress_of(order).kept is kept
    assert not progress_of(order).stopped
    failed(open_call())
    assert order_status(order) == (Order.Status.PROCESSING if kept else Order.Status.REFUNDED)
    assert Operation.objects.get(kind="open").status == (Operation.Status.STOPPED if kept else Operation.Status.GAVE_UP)
    assert Subscription.objects.get().status == ("opening" if kept else "failed")
    assert progress_of(order).stopped is kept


def test_end_event_from_before_a_restart_is_ignored() -> None:
    """The event of the first end may arrive after the restart."""
    order = paid_order("license_v1", kind="LICENSE")
    call = give_up(open_call(), now=NOW)
    event = CallEnded(call=call.pk, kind=call.kind, outcome="gave_up")
    react(now=NOW)
    restart(Operation.objects.get(), actor="seller", now=NOW)
    outbox.publish(event, now=NOW)
    react(now=NOW)
    assert Operation.objects.get().status == Operation.Status.RUNNING
    assert not progress_of(order).stopped


def test_stopped_opening_continues_after_a_restart() -> None:
    """saas-v1-license B1: a restart by hand completes it; pressed twice, it calls once."""
    order = paid_order("license_v1", kind="LICENSE")
    failed(open_call())
    stopped = Operation.objects.get()
    later = NOW + timedelta(days=2)
    for _ in range(2):
        restart(stopped, actor="seller", now=later)
    assert not progress_of(order).stopped, "the call runs again"
    answer(open_call(), Done(license="L", instance_id="i-1"), now=later)
    react(now=later)
    assert (order_status(order), Operation.objects.get().status) == ("completed", "done")
    assert Subscription.objects.get().started_at == later, "the paid time begins with the access"
    assert ledger.verify().problems == ()


def test_late_manual_completion_gives_the_next_step_its_own_time() -> None:
    """saas-v2 §3.1: within the 3 h of the creation, unless a person completed it after them."""
    order = paid_order("saas_v2")
    create = open_call()
    answer(create, now=NOW, last=True)
    react(now=NOW)
    assert Call.objects.get(kind="Query").give_up_at is None
    assert order_status(order) == Order.Status.PROCESSING


def test_query_is_bounded_by_the_plan_of_its_creation() -> None:
    """saas-v2 §3.1, §3.10: 3 h counted from the first attempt."""
    paid_order("saas_v2")
    done(open_call())
    assert Call.objects.get(kind="Query").give_up_at == NOW + timedelta(hours=3)


@pytest.mark.parametrize("reached", [True, False])
def test_possible_instances_of_a_failed_opening_are_released(reached: bool) -> None:
    """saas-v2 §3.10, §3.1: by the recommended ID; no release where the seller was not reached."""
    order = paid_order("saas_v2")
    create = open_call()
    failed(create, LOST if reached else REFUSED_CONNECTION)
    assert order_status(order) == "refunded"
    releases = list(Call.objects.filter(kind="Release").values_list("order_number", "command__instance_id"))
    first = Call.objects.get(kind="Create").business_id
    assert [instance for _, instance in releases] == ([first] if reached else [])
    if reached:
        done(open_call())
        assert Operation.objects.get(kind="release_orphan").status == "done"
    assert Transfer.objects.filter(reason="refund").count() == 1
    assert ledger.verify().problems == ()


def test_release_covers_every_request_that_may_have_arrived_first() -> None:
    """saas-v2 §3.1: each request has its own businessId, and a seller names the instance by the first one that arrives.

    Found by ``tradepost simulate --seed 2 --days 60 --sellers 2 --buyers 3 --faults 0.8``.
    """
    order = paid_order("saas_v2")
    create = open_call()
    for result in (REFUSED_CONNECTION, LOST):
        answer(create, result, now=NOW)
    failed(create, LOST)
    assert order_status(order) == "refunded"
    ids = list(Attempt.objects.filter(call=create).order_by("number").values_list("business_id", flat=True))
    expected = (
        Operation.objects.filter(kind="release_orphan").order_by("pk").values_list("wanted__instance_id", flat=True)
    )
    assert (len(ids), list(expected)) == (3, ids[1:])
