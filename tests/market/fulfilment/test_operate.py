"""What is wanted of a service: queued once however often it is asked for, refused with a reason, and each lane by itself."""

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
from tradepost.market.fulfilment.contract import Nothing, Orphan
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


def wanted(subscription: Subscription, kind: str = "query_usage", **fields: object) -> OperationRequest:
    [locked] = locked_subscriptions([subscription.pk])
    values = {"kind": kind, "subscription": locked, "origin": Operation.Origin.OPERATOR, "actor": BY} | fields
    return OperationRequest(**values)  # type: ignore[arg-type]  # a test's own words


def test_the_same_key_makes_one_operation_however_often_it_is_asked_for() -> None:
    subscription = service()
    for times in (1, 0, 0):
        assert len(operate([wanted(subscription, idempotency_key="auto/1")], now=NOW)) == times
    done(open_call())
    assert operate([wanted(subscription, idempotency_key="auto/1")], now=NOW) == [], "nor when it was done"
    assert len(operate([wanted(subscription, idempotency_key="auto/2")], now=NOW)) == 1
    assert Operation.objects.filter(kind="query_usage").count() == 2


def test_an_order_line_wants_one_operation() -> None:
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


def test_one_runs_in_a_lane_and_the_others_wait_in_their_order() -> None:
    """operations.md §2: the database holds it, too."""
    subscription = service()
    first, second, third = operate([wanted(subscription) for _ in range(3)], now=NOW)
    for running in (first, second, third):
        states = dict(Operation.objects.filter(kind="query_usage").values_list("pk", "status"))
        assert [pk for pk, status in states.items() if status == "running"] == [running.pk]
        done(open_call())
    assert set(Operation.objects.values_list("status", flat=True)) == {"done"}
    operate([wanted(subscription)], now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Operation.objects.create(
            lane=lane_of(subscription), seller_id=subscription.seller_id, kind="query_usage", origin="operator",
            status="running", created_at=NOW,
        )  # fmt: skip


def test_lanes_do_not_wait_for_each_other() -> None:
    one, other = service(), service()
    operate([wanted(one), wanted(other)], now=NOW)
    assert Operation.objects.filter(status="running").count() == 2


def test_an_operation_says_who_wanted_it_and_its_call_says_for_what_it_is() -> None:
    subscription = service()
    [operation] = operate([wanted(subscription)], now=NOW)
    call = open_call()
    operation.refresh_from_db()
    assert (operation.actor, operation.origin, operation.call_id, operation.started_at) == (
        BY,
        "operator",
        call.pk,
        NOW,
    )
    assert (call.purpose, call.owner, call.subscription_id) == ("order", operation.pk, subscription.pk)


def test_the_end_of_a_call_that_nothing_waits_for_moves_nothing() -> None:
    """A probe, or a call of an earlier time."""
    subscription = service()
    before = list(Operation.objects.values_list("pk", "status"))
    call = calls.ask(Query(instance_ids=("i",)), product=subscription.product, subscription=subscription, now=NOW)
    done(call)
    assert list(Operation.objects.values_list("pk", "status")) == before
    assert not may_restart_call(call)
    with pytest.raises(Refused, match=r"call\.not_needed"):
        restart_call(call, actor=BY, now=NOW)


def test_what_a_protocol_has_no_word_for_is_paid_back_where_it_was_paid() -> None:
    """No seller is asked for what its protocol cannot say, and no money is kept for it."""
    subscription = service()
    order = ordered(subscription)
    Address.objects.update(protocol="order_notice")
    calls_before = Call.objects.count()
    pay_order(order, now=NOW)
    react(now=NOW)
    assert (order_status(order), ledger.held_for(order.number)) == ("refunded", 0)
    assert Operation.objects.get(line__order=order).status == "gave_up"
    assert Call.objects.count() == calls_before


def test_what_a_protocol_has_no_word_for_is_true_by_the_markets_own_word() -> None:
    """saas-v1-license A2: a release is all that every version has; where even that is missing, access closes all the same."""
    subscription = service()
    Address.objects.update(protocol="order_notice")
    operate([wanted(subscription, "release")], now=NOW)
    assert again(subscription).status == "released"
    assert Operation.objects.get(kind="release").status == "done"


def test_a_restart_of_what_has_ended_is_refused_and_changes_nothing() -> None:
    subscription = service()
    [operation] = operate([wanted(subscription)], now=NOW)
    done(open_call())
    operations = list(Operation.objects.values_list("pk", "status"))
    with pytest.raises(Refused, match=r"operation\.ended"):
        restart(operation, actor=BY, now=NOW)
    assert list(Operation.objects.values_list("pk", "status")) == operations


def test_an_orphan_that_could_not_be_released_is_released_after_a_restart() -> None:
    """saas-v2 §3.10: releaseInstance stops and waits for a restart; that its order has ended does not matter."""
    subscription = service()
    operate(
        [
            wanted(
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
    assert orphan.status == "stopped", "the end of the service does not make it needless"
    restart(orphan, actor=BY, now=NOW)
    assert open_call().pk == tried_first.pk
    done(open_call())
    orphan.refresh_from_db()
    assert orphan.status == "done"


def test_what_cannot_be_asked_now_stops_with_a_reason_and_asks_when_it_can() -> None:
    subscription = service()
    binding = Binding.objects.get()
    address = binding.address
    binding.delete()
    calls_before = Call.objects.count()
    with translation.override("en"):
        [operation] = operate([wanted(subscription)], now=NOW)
    operation.refresh_from_db()
    assert (operation.status, operation.note, operation.call_id) == (
        "stopped", "This product has no production address.", None,
    )  # fmt: skip
    assert Call.objects.count() == calls_before
    Binding.objects.create(product=subscription.product, address=address)
    restart(operation, actor=BY, now=NOW)
    failed(open_call(), REFUSED_CONNECTION)
    operation.refresh_from_db()
    assert operation.status == "gave_up", "a query is not kept"


def test_settling_what_is_at_rest_asks_nothing() -> None:
    subscription = service()
    before = (Operation.objects.count(), Call.objects.count())
    settle(locked_subscriptions([subscription.pk]), now=NOW)
    settle([], now=NOW)
    assert (Operation.objects.count(), Call.objects.count()) == before


def test_an_unknown_kind_names_those_that_there_are() -> None:
    with pytest.raises(LookupError, match=r"no kind of operation 'dance'; there are: .*renew"):
        operation_kind("dance")
    assert operation_kind("release").wanted is Nothing
