"""Statuses change only by their table, once, with a history row."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.factories import NOW, make_order
from tradepost.market.base.errors import IllegalTransition
from tradepost.market.base.models import Move
from tradepost.market.orders.lifecycle import ORDER, OrderEvent
from tradepost.market.orders.models import Order
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION, SubscriptionEvent
from tradepost.market.subscriptions.models import Subscription

TABLES: list[tuple[Any, Any, Any, str]] = [
    (ORDER, Order.Status, OrderEvent, Order.Status.UNPAID),
    (SUBSCRIPTION, Subscription.Status, SubscriptionEvent, Subscription.Status.OPENING),
]


@pytest.mark.parametrize(("table", "states", "events", "start"), TABLES)
def test_every_state_is_reachable_and_every_event_is_used(table: Any, states: Any, events: Any, start: str) -> None:
    reached = {start}
    for _ in states:
        reached |= {after for (before, _), after in table.transitions.items() if before in reached}
    assert reached == set(states)
    assert {event for _, event in table.transitions} == set(events)


@pytest.mark.parametrize(("table", "states", "events", "start"), TABLES)
def test_other_moves_are_refused(table: Any, states: Any, events: Any, start: str) -> None:
    for state, event in itertools.product(states, events):
        if (state, event) not in table.transitions:
            with pytest.raises(IllegalTransition):
                table.after(state, event)


@pytest.mark.django_db
def test_one_of_two_racing_moves_wins_with_one_history_row() -> None:
    order = make_order()
    same_order = Order.objects.get(pk=order.pk)
    ORDER.move(order, OrderEvent.CANCEL, now=NOW, actor="buyer")
    with pytest.raises(IllegalTransition):
        ORDER.move(same_order, OrderEvent.PAY, now=NOW)
    assert Order.objects.get(pk=order.pk).status == Order.Status.CANCELLED
    assert [(m.before, m.after, m.actor) for m in Move.objects.filter(lifecycle="order", subject=str(order.pk))] == [
        ("unpaid", "cancelled", "buyer")
    ]
