"""Requests for operations: queued once, refused with a reason, and separate by lane."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from tests.factories import NOW
from tests.market.engine import LOST, REFUSED_CONNECTION, react
from tests.market.fulfilment.services import BY, again, done, failed, open_call, order_status, ordered, service, tried
from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment import order_paid
from tradepost.market.fulfilment.cases import locked_subscriptions
from tradepost.market.fulfilment.contract import NoParameters, Orphan
from tradepost.market.fulfilment.models import Operation, lane_of
from tradepost.market.fulfilment.operate import OperationRequest, operate, settle
from tradepost.market.fulfilment.registry import operation_kind
from tradepost.market.fulfilment.restart import may_restart_call, restart, restart_call
from tradepost.market.fulfilment.sandbox_acts import Act
from tradepost.market.orders.events import OrderPaid
from tradepost.market.orders.models import OrderLine
from tradepost.market.orders.pay import pay_order
from tradepost.market.payments import ledger
from tradepost.market.production import calls
from tradepost.market.production.models import Address, Binding, Call
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Query

pytestmark = pytest.mark.django_db


def operation_request(subscription: Subscription, kind: str = "query_usage", **fields: object) -> OperationRequest:
    [locked] = locked_subscriptions([subscription.pk])
    values = {"kind": kind, "subscription": locked, "origin": Operation.Origin.OPERATOR, "actor": BY} | fields
    return OperationRequest(**values)  # type: ignore[arg-type]  # a test's own words


def test_same_key_makes_one_operation() -> None:
    subscription = service()
    for times in (1, 0, 0):
        assert len(operate([operation_request(subscription, idempotency_key="auto/1")], now=NOW)) == times
    done(open_call())
    assert operate([operation_request(subscription, idempotency_key="auto/1")], now=NOW) == [], (
        "not even after it ended"
    )
    assert len(operate([operation_request(subscription, idempotency_key="auto/2")], now=NOW)) == 1
    assert Operation.objects.filter(kind="query_usage").count() == 2


def test_order_line_makes_one_operation() -> None:
    """operations.md §2: unique by line, so that an event which comes twice renews once."""
    subscription = service()
    order = ordered(subscription)
    pay_order(order, now=NOW)
    for _ in range(3):
        order_paid.on_order_paid(OrderPaid(order=order.number), NOW)
    operation = Operation.objects.get(line__order=order)
    with pytest.raises(IntegrityError), transaction.atomic():
        Operation.objects.create(
            lane="instance:0", line=OrderLine.objects.get(order=order), seller_id=operation.seller_id, kind="renew",
            origin="buyer", created_at=NOW,
        )  # fmt: skip


def test_one_operation_runs_in_a_lane_and_the_others_wait_in_order() -> None:
    """operations.md §2: a database constraint ensures it, too."""
    subscription = service()
    first, second, third = operate([operation_request(subscription) for _ in range(3)], now=NOW)
    for running in (first, second, third):
        states = dict(Operation.objects.filter(kind="query_usage").values_list("pk", "status"))
        assert [pk for pk, status in states.items() if status == "running"] == [running.pk]
        done(open_call())
    assert set(Operation.objects.values_list("status", flat=True)) == {"done"}
    operate([operation_request(subscription)], now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Operation.objects.create(
            lane=lane_of(subscription), seller_id=subscription.seller_id, kind="query_usage", origin="operator",
            status="running", created_at=NOW,
        )  # fmt: skip


def test_lanes_are_independent() -> None:
    first, second = service(), service()
    operate([operation_request(first), operation_request(second)], now=NOW)
    assert Operation.objects.filter(status="running").count() == 2


def test_operation_records_its_actor_and_its_call_names_it() -> None:
    subscription = service()
    [operation] = operate([operation_request(subscription)], now=NOW)
    call = open_call()
    operation.refresh_from_db()
    assert (operation.actor, operation.origin, operation.call_id, operation.started_at) == (
        BY,
        "operator",
        call.pk,
        NOW,
    )
    assert (call.purpose, call.owner, call.subscription_id) == ("order", operation.pk, subscription.pk)


def test_unrelated_call_end_moves_nothing() -> None:
    """A probe, or an earlier call."""
    subscription = service()
    before = list(Operation.objects.values_list("pk", "status"))
    call = calls.create_call(
        Query(instance_ids=("i",)), product=subscription.product, subscription=subscription, now=NOW
    )
    done(call)
    assert list(Operation.objects.values_list("pk", "status")) == before
    assert not may_restart_call(call)
    with pytest.raises(Refused, match=r"call\.not_needed"):
        restart_call(call, actor=BY, now=NOW)


def test_operation_without_a_protocol_activity_is_refunded() -> None:
    """The seller is not called, and no payment is held."""
    subscription = service()
    order = ordered(subscription)
    Address.objects.update(protocol="order_notice")
    calls_before = Call.objects.count()
    pay_order(order, now=NOW)
    react(now=NOW)
    assert (order_status(order), ledger.money_in_clearing(order.number)) == ("refunded", 0)
    assert Operation.objects.get(line__order=order).status == "gave_up"
    assert Call.objects.count() == calls_before


def test_operation_without_a_protocol_activity_takes_effect_in_the_market() -> None:
    """saas-v1-license A2: every version has a release; without even that, access still closes."""
    subscription = service()
    Address.objects.update(protocol="order_notice")
    operate([operation_request(subscription, "release")], now=NOW)
    assert again(subscription).status == "released"
    assert Operation.objects.get(kind="release").status == "done"


def test_restart_of_an_ended_operation_is_refused() -> None:
    subscription = service()
    [operation] = operate([operation_request(subscription)], now=NOW)
    done(open_call())
    operations = list(Operation.objects.values_list("pk", "status"))
    with pytest.raises(Refused, match=r"operation\.ended"):
        restart(operation, actor=BY, now=NOW)
    assert list(Operation.objects.values_list("pk", "status")) == operations


def test_orphan_is_released_after_a_restart() -> None:
    """saas-v2 §3.10: releaseInstance stops and waits for a restart, even though its order has ended."""
    subscription = service()
    operate(
        [
            operation_request(
                subscription, "release_orphan", wanted=Orphan(instance_id="b-1", order_id="CS1", order_line_id="CS1-1")
            )
        ],
        now=NOW,
    )
    tried_first = open_call()
    failed(tried_first, LOST)
    orphan = Operation.objects.get(kind="release_orphan")
    assert orphan.status == "stopped"
    tried(subscription, Act.RELEASE)
    done(open_call())
    assert again(subscription).status == "released"
    orphan.refresh_from_db()
    assert orphan.status == "stopped", "still needed after the service ended"
    restart(orphan, actor=BY, now=NOW)
    assert open_call().pk == tried_first.pk
    done(open_call())
    orphan.refresh_from_db()
    assert orphan.status == "done"


def test_operation_without_an_address_stops_and_calls_later() -> None:
    subscription = service()
    binding = Binding.objects.get()
    address = binding.address
    binding.delete()
    calls_before = Call.objects.count()
    with translation.override("en"):
        [operation] = operate([operation_request(subscription)], now=NOW)
    operation.refresh_from_db()
    assert (operation.status, operation.note, operation.call_id) == (
        "stopped", "This product has no production address.", None,
    )  # fmt: skip
    assert Call.objects.count() == calls_before
    Binding.objects.create(product=subscription.product, address=address)
    restart(operation, actor=BY, now=NOW)
    failed(open_call(), REFUSED_CONNECTION)
    operation.refresh_from_db()
    assert operation.status == "gave_up", "a query does not stop"


def test_settling_an_idle_service_calls_nothing() -> None:
    subscription = service()
    before = (Operation.objects.count(), Call.objects.count())
    settle(locked_subscriptions([subscription.pk]), now=NOW)
    settle([], now=NOW)
    assert (Operation.objects.count(), Call.objects.count()) == before


def test_unknown_kind_lists_the_known_ones() -> None:
    with pytest.raises(LookupError, match=r"no kind of operation 'dance'; there are: .*renew"):
        operation_kind("dance")
    assert operation_kind("release").wanted is NoParameters
