"""Deliveries begin, advance and end once, whatever comes twice or late."""

from __future__ import annotations

import pytest

from tests.factories import NOW, make_address, make_offer, make_order, make_product, make_seller
from tradepost.market.base.secrets import seal
from tradepost.market.base.work import State
from tradepost.market.catalog.models import Product
from tradepost.market.fulfilment.follow import on_call_ended
from tradepost.market.fulfilment.models import Delivery
from tradepost.market.fulfilment.plan import on_order_paid
from tradepost.market.fulfilment.queries import progress
from tradepost.market.orders.events import OrderPaid
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.payments import ledger
from tradepost.market.production.events import CallEnded
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


def paid(protocol: str, *, kind: str = "SAAS") -> Order:
    seller = make_seller()
    product = make_product(seller, address=make_address(seller, protocol=protocol), product_type=kind)
    order = make_order(offer=make_offer(product), paid=True)
    on_order_paid(OrderPaid(order=order.number), NOW)
    return order


def end(call: Call, *, outcome: str = Call.Outcome.DONE, instance: str = "i-1", answer: str = "") -> None:
    """As the engine records it, and as the event tells it."""
    Subscription.objects.filter(calls=call).update(instance_id=instance)
    sealed = seal(answer) if answer else ""
    Call.objects.filter(pk=call.pk).update(state=State.ENDED, outcome=outcome, ended_at=NOW, sealed_answer=sealed)
    on_call_ended(CallEnded(call=call.pk, kind=call.kind, outcome=outcome), NOW)


def status(order: Order) -> str:
    return Order.objects.get(pk=order.pk).status


def test_an_event_that_comes_twice_asks_and_delivers_once() -> None:
    order = paid("saas_v2")
    on_order_paid(OrderPaid(order=order.number), NOW)
    [create] = Call.objects.all()
    end(create)
    end(create)
    query = Call.objects.get(kind="Query")
    assert Delivery.objects.get().call_id == query.pk
    end(query)
    end(query)
    assert Call.objects.count() == 2
    assert status(order) == Order.Status.COMPLETED
    assert ledger.verify().problems == ()


def test_a_second_line_over_a_protocol_without_lines_is_paid_back_and_nothing_asked() -> None:
    """saas-v1-license A2.2: the key of a repeat is orderId, so the second line would get the first one's instance."""
    seller = make_seller()
    product = make_product(seller, address=make_address(seller, protocol="saas_v1"))
    order = _with_two_lines(product)
    on_order_paid(OrderPaid(order=order.number), NOW)
    assert status(order) == Order.Status.REFUNDED
    assert not Call.objects.exists()
    assert not Delivery.objects.exists()
    assert ledger.verify().problems == ()


def test_a_second_line_over_a_protocol_with_lines_is_asked_for() -> None:
    """saas-v2 §3.1: the key is orderId with orderLineId."""
    order = _with_two_lines(make_product())
    on_order_paid(OrderPaid(order=order.number), NOW)
    assert status(order) == Order.Status.PROCESSING
    assert Call.objects.count() == 2


def _with_two_lines(product: Product) -> Order:
    order = make_order(offer=make_offer(product), paid=True)
    line = OrderLine.objects.get(order=order)
    line.pk, line.number = None, f"{order.number}-000002"
    line.save(force_insert=True)
    return order


@pytest.mark.parametrize(("protocol", "kind", "kept"), [("saas_v1", "SAAS", False), ("license_v1", "LICENSE", True)])
def test_the_end_of_a_plan_refunds_unless_the_protocol_keeps_the_order(protocol: str, kind: str, kept: bool) -> None:
    """saas-v1-license A6, B1."""
    order = paid(protocol, kind=kind)
    [call] = Call.objects.all()
    assert progress(order).kept is kept
    assert not progress(order).stopped
    end(call, outcome=Call.Outcome.GAVE_UP, instance="")
    assert status(order) == (Order.Status.PROCESSING if kept else Order.Status.REFUNDED)
    assert Delivery.objects.get().status == (Delivery.Status.STOPPED if kept else Delivery.Status.GAVE_UP)
    assert progress(order).stopped is kept


def test_the_end_of_an_attempt_that_was_restarted_meanwhile_is_not_the_end() -> None:
    """The event of the first end may arrive after a person restarted the call."""
    paid("license_v1", kind="LICENSE")
    [call] = Call.objects.all()
    on_call_ended(CallEnded(call=call.pk, kind="Create", outcome="gave_up"), NOW)
    assert Delivery.objects.get().status == Delivery.Status.CREATING


def test_a_stopped_delivery_follows_its_restarted_call_on_the_page() -> None:
    order = paid("license_v1", kind="LICENSE")
    [call] = Call.objects.all()
    end(call, outcome=Call.Outcome.GAVE_UP, instance="")
    Call.objects.filter(pk=call.pk).update(state=State.WAITING, outcome="")
    assert not progress(order).stopped, "it is being called again"
    end(call, answer='{"license":"L","instance_id":"i-1"}')
    assert status(order) == Order.Status.COMPLETED
    assert Delivery.objects.get().status == Delivery.Status.DONE


def test_a_plan_that_a_person_completed_late_gives_the_next_step_its_own_time() -> None:
    order = paid("saas_v2")
    [create] = Call.objects.all()
    Call.objects.filter(pk=create.pk).update(give_up_at=NOW)
    end(create)
    assert Call.objects.get(kind="Query").give_up_at is None
    assert status(order) == Order.Status.PROCESSING
