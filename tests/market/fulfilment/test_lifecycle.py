"""The table ``OPERATION``: services make each of its moves, and no others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.factories import NOW
from tests.market.engine import LOST, react
from tests.market.fulfilment.services import (
    BY,
    END,
    FREEZE,
    RELEASE,
    done,
    failed,
    offers,
    open_call,
    ordered,
    passes,
    renewed,
    service,
    tried,
)
from tradepost.market.base.errors import IllegalTransition
from tradepost.market.base.models import Move
from tradepost.market.fulfilment.lifecycle import OPERATION, OperationEvent, OperationStatus
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.pay_back import refund_order
from tradepost.market.fulfilment.restart import restart
from tradepost.market.fulfilment.sandbox import SandboxAct, Target, start_act
from tradepost.market.fulfilment.sandbox_acts import Act
from tradepost.market.orders.pay import pay_order

pytestmark = pytest.mark.django_db
ENDED = {"done", "gave_up", "dropped"}


def too_late() -> None:
    """queued → gave_up"""
    subscription = service()
    passes(FREEZE)
    done(open_call(), now=FREEZE)
    last = RELEASE - timedelta(minutes=1)
    order = ordered(subscription, now=last)
    pay_order(order, now=last)
    react(now=RELEASE)
    passes(RELEASE)
    done(open_call(), now=RELEASE)


def overtaken_by_a_release() -> None:
    """queued → dropped"""
    subscription = service()
    pay_order(ordered(subscription), now=NOW)
    start_act(SandboxAct(subscription=subscription, act=Act.RELEASE, actor=BY, now=NOW), sandbox=True)
    react(now=NOW)
    done(open_call())


def renewed_before_the_freeze_was_sent() -> None:
    """running → dropped, queued → running → done"""
    subscription = service()
    passes(FREEZE)
    renewed(subscription, now=END)
    done(open_call(), now=FREEZE)


def stopped_restarted_paid_back() -> None:
    """running → stopped → queued → running → stopped → gave_up"""
    subscription = service()
    order = renewed(subscription)
    failed(open_call())
    restart(Operation.objects.get(line__order=order), actor=BY, now=NOW)
    failed(open_call())
    refund_order(order, reason="agreed", actor=BY, now=NOW)


def given_up() -> None:
    """running → gave_up"""
    subscription = service()
    tried(subscription, Act.UPGRADE, Target(offers(subscription)[2], 7))
    failed(open_call())


def stopped_freeze_no_longer_needed() -> None:
    """stopped → dropped"""
    subscription = service()
    passes(FREEZE)
    failed(open_call(), LOST, now=END)
    renewed(subscription, now=END)
    done(open_call(), now=FREEZE)
    done(open_call(), now=FREEZE)


HISTORIES: dict[Callable[[], None], set[str]] = {
    too_late: {"queued → gave_up"},
    overtaken_by_a_release: {"queued → dropped"},
    renewed_before_the_freeze_was_sent: {"running → dropped", "queued → running", "running → done"},
    stopped_restarted_paid_back: {"running → stopped", "stopped → queued", "stopped → gave_up"},
    given_up: {"running → gave_up"},
    stopped_freeze_no_longer_needed: {"stopped → dropped"},
}


@pytest.mark.parametrize("history", HISTORIES)
def test_history_follows_the_table(history: Callable[[], None]) -> None:
    """operations.md §2."""
    history()
    moves = Move.objects.filter(lifecycle=OPERATION.name).order_by("pk")
    for move in moves:
        assert OPERATION.after(move.before, OperationEvent(move.event)) == move.after
    assert HISTORIES[history] <= {f"{move.before} → {move.after}" for move in moves}
    for operation in Operation.objects.all():
        last = moves.filter(subject=str(operation.pk)).last()
        assert last is not None
        assert operation.status == last.after
        assert (operation.status in ENDED) == (operation.ended_at is not None)


def test_histories_cover_every_move() -> None:
    assert set().union(*HISTORIES.values()) == {f"{a} → {b}" for (a, _), b in OPERATION.transitions.items()}


@pytest.mark.parametrize("status", OperationStatus)
def test_ended_operation_does_not_move(status: OperationStatus) -> None:
    allowed = {event for event in OperationEvent if OPERATION.allows(status, event)}
    assert bool(allowed) == (status not in ENDED)
    for event in set(OperationEvent) - allowed:
        with pytest.raises(IllegalTransition):
            OPERATION.after(status, event)
