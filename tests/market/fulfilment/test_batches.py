"""Batches have the results of single calls, and need no more queries for more services."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import NOW, make_address, make_buyer, make_offer, make_order, make_product, make_seller
from tests.market.engine import LOST, answer_all
from tests.market.fulfilment.services import (
    END,
    FIRST_REMINDER,
    FREEZE,
    opened,
    ordered,
    passes,
    service,
)
from tradepost.market.base import outbox
from tradepost.market.base.models import Event, Job, Move
from tradepost.market.base.work import State
from tradepost.market.catalog.models import Offer
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.timers import LIFE
from tradepost.market.notifications.models import Notice, NoticeDelivery
from tradepost.market.orders.models import Order
from tradepost.market.orders.pay import pay_order
from tradepost.market.payments import ledger
from tradepost.market.payments.models import Account
from tradepost.market.production.models import Binding, Call
from tradepost.market.subscriptions.lifecycle import access_data
from tradepost.market.subscriptions.models import Period, Subscription
from tradepost.market.wiring import REACTIONS
from tradepost.protocols.commands import CallResult, Done

pytestmark = pytest.mark.django_db


def offer(protocol: str = "saas_v2") -> Offer:
    seller = make_seller(member=make_buyer())
    ledger.seller_account(seller, "CNY")
    kind = "LICENSE" if protocol.startswith("license") else "SAAS"
    return make_offer(make_product(seller, address=make_address(seller, protocol=protocol), product_type=kind))


def dispatch(*, now: datetime = NOW) -> int:
    """Run the reactions until none is left, and return the number of database queries."""
    with CaptureQueriesContext(connection) as queries:
        while outbox.dispatch(REACTIONS, now=now):
            pass
    assert not Event.objects.exists(), Event.objects.values_list("error", flat=True)
    return len(queries)


def end(
    kind: str,
    result: Callable[[Call], CallResult] = lambda _: Done(),
    *,
    twice: bool = False,
    last: bool = False,
    now: datetime = NOW,
) -> None:
    """End all open calls of a kind in one batch, as the engine records them; their events may come twice."""
    calls = list(Call.objects.filter(kind=kind).exclude(state=State.ENDED).order_by("pk"))
    answer_all([(call, result(call)) for call in calls], now=now, last=last)
    if twice:
        events = Event.objects.filter(name="call_ended").order_by("pk")
        Event.objects.bulk_create(
            [Event(name=e.name, facts=e.facts, due_at=e.due_at, created_at=e.created_at) for e in events]
        )


def created(call: Call) -> Done:
    return Done(instance_id=f"i-{call.pk}")


@pytest.mark.slow
@pytest.mark.parametrize("many", [1, 7])
def test_orders_paid_together_are_delivered_together(many: int) -> None:
    orders = [make_order(offer=offer(), paid=True) for _ in range(many)]
    Event.objects.exclude(name="order_paid").delete()
    query_counts = [dispatch()]
    end("Create", created, twice=True)
    query_counts.append(dispatch())
    end("Query", opened, twice=True)
    query_counts.append(dispatch())
    postgresql = connection.vendor == "postgresql"  # checks "read all" marks before it adds notices
    # Two queries came with issue 27, each for the whole batch: the sellers' addresses for order notifications (0086), and
    # the deliveries of the day, which the console's home reads instead of all orders (0096).
    assert query_counts == [24 + postgresql, 11, 48 + postgresql]
    for order in orders:
        order.refresh_from_db()
        assert (order.status, order.ended_at) == (Order.Status.COMPLETED, NOW)
        subscription = Subscription.objects.get(order_lines__order=order)
        assert (subscription.status, subscription.started_at) == (Subscription.Status.ACTIVE, NOW)
        access = access_data(subscription)
        assert access is not None
        assert access.front_end_url == "https://app.example/"
        assert subscription.expires_at is not None
        assert Job.objects.get(kind=LIFE, key=str(subscription.pk)).due_at == FIRST_REMINDER
        assert [call.kind for call in Call.objects.filter(order_number=order.number).order_by("pk")] == [
            "Create",
            "Query",
        ]
        period = Period.objects.get(subscription=subscription)
        assert (period.starts_at, period.ends_at, period.earned_at) == (NOW, subscription.expires_at, NOW)
        seller_balance = Account.objects.get(kind=Account.Kind.SELLER, seller=subscription.seller_id).balance
        assert seller_balance == order.total
        moves = Move.objects.filter(lifecycle="order", subject=str(order.pk)).order_by("pk")
        assert [move.event for move in moves] == ["pay", "complete"]
        assert Notice.objects.filter(user=order.buyer, kind="order_completed").count() == 1
    assert NoticeDelivery.objects.filter(notice__kind="order_completed").count() == many
    assert set(Operation.objects.values_list("status", flat=True)) == {Operation.Status.DONE}
    assert ledger.verify().problems == ()


@pytest.mark.slow
@pytest.mark.parametrize("many", [1, 7])
def test_renewals_paid_together_are_done_together(many: int) -> None:
    orders = [ordered(service()) for _ in range(many)]
    for order in orders:
        pay_order(order, now=NOW)
    Event.objects.exclude(name="order_paid").delete()
    query_counts = [dispatch()]
    end("Refresh", twice=True)
    query_counts.append(dispatch())
    assert query_counts == [22, 42]  # the same two queries of issue 27
    assert set(Order.objects.filter(order_type="RENEW").values_list("status", flat=True)) == {"completed"}
    assert set(Operation.objects.values_list("status", flat=True)) == {Operation.Status.DONE}
    assert Period.objects.filter(earned_at=None, starts_at=END).count() == many
    assert ledger.verify().problems == ()


@pytest.mark.slow
@pytest.mark.parametrize("many", [1, 7])
def test_calls_given_up_together_stop_their_operations(many: int) -> None:
    """Each stopped operation adds a notice, so that the number of queries may grow."""
    for order in [ordered(service()) for _ in range(many)]:
        pay_order(order, now=NOW)
    dispatch()
    end("Refresh", lambda _: LOST, last=True)
    with CaptureQueriesContext(connection) as queries:
        outbox.dispatch(REACTIONS, now=NOW)
    assert Operation.objects.filter(kind="renew", status=Operation.Status.STOPPED).count() == many
    assert Event.objects.filter(name="operation_stopped").count() == many
    assert len(queries) == 18 - (connection.vendor == "postgresql")  # PostgreSQL sets timers in one statement
    dispatch()


@pytest.mark.slow
@pytest.mark.parametrize("many", [1, 7])
def test_services_that_end_together_are_frozen_together(many: int) -> None:
    """business-rules §4.4."""
    for _ in range(many):
        service()
    passes(FREEZE)
    end("SetStatus", twice=True, now=END)
    assert dispatch(now=END) == 14
    assert set(Subscription.objects.values_list("status", "seller_state")) == {("frozen", "frozen")}


def test_unaskable_order_is_refunded_while_the_others_continue() -> None:
    buyer = make_buyer()
    sound, broken, sound_too = (make_order(buyer, offer=offer(), paid=True) for _ in range(3))
    Binding.objects.filter(product__orderline__order=broken).delete()
    dispatch()
    assert dict(Order.objects.values_list("number", "status")) == {
        sound.number: Order.Status.PROCESSING,
        broken.number: Order.Status.REFUNDED,
        sound_too.number: Order.Status.PROCESSING,
    }
    assert set(Call.objects.values_list("order_number", flat=True)) == {sound.number, sound_too.number}
    assert Subscription.objects.count() == Operation.objects.count() == 2
    assert ledger.verify().problems == ()


def test_unreadable_answer_does_not_stop_other_orders() -> None:
    """The secret key was changed without keeping the old one; an operator can restore it."""
    orders = [make_order(offer=offer(), paid=True) for _ in range(3)]
    dispatch()
    end("Create", created)
    Call.objects.filter(order_number=orders[1].number).update(sealed_answer="sealed with another key")
    while outbox.dispatch(REACTIONS, now=NOW):
        pass
    queried_orders = Call.objects.filter(kind="Query").values_list("order_number", flat=True)
    assert sorted(queried_orders) == sorted([orders[0].number, orders[2].number])
    event = Event.objects.get()
    assert event.left == ["tradepost.market.fulfilment.advance.on_call_ended"]
    assert "a sealed secret cannot be opened" in event.error


def test_mixed_results_end_in_one_batch() -> None:
    orders = [make_order(offer=offer(), paid=True) for _ in range(2)]
    dispatch()
    first, second = Call.objects.order_by("pk")
    answer_all([(first, opened(first)), (second, LOST)], now=NOW, last=True)
    dispatch()
    statuses = [Order.objects.get(pk=order.pk).status for order in orders]
    assert statuses == [Order.Status.COMPLETED, Order.Status.REFUNDED]
    assert ledger.verify().problems == ()
