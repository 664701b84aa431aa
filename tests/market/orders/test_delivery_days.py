"""Deliveries per day: each order is counted once, and batches of events do not block each other."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

from tests.factories import NOW, make_buyer, make_order
from tests.market.at_once import ConcurrentAct, at_once
from tests.market.engine import react
from tradepost.market.base import outbox
from tradepost.market.base.events import Reactions, on
from tradepost.market.base.models import Event
from tradepost.market.base.outbox import Batched, batched, batched_last
from tradepost.market.orders import best_sellers, delivery_days
from tradepost.market.orders.delivery_days import deliveries_since
from tradepost.market.orders.events import OrderCompleted, OrderPaid
from tradepost.market.orders.finish import complete_order, give_up_order, return_order
from tradepost.market.orders.lifecycle import ORDER, OrderEvent
from tradepost.market.orders.models import DeliveryDay, Order, ProductDay
from tradepost.market.wiring import REACTIONS

DAY = timedelta(days=1)
MIGRATION = import_module("tradepost.market.orders.migrations.from_0_1.0027_delivery_days")


def deliver_order(at: datetime) -> Order:
    order = make_order(make_buyer(balance="1000"), now=at, paid=True)
    complete_order(order, now=at)
    return order


def day_of(at: datetime) -> object:
    return at.astimezone(timezone.get_default_timezone()).date()


def counts_by_day() -> dict[object, tuple[int, int]]:
    return {row.day: (row.delivered, row.failed) for row in deliveries_since(NOW - 40 * DAY)}


# --- which orders count -----------------------------------------------------------------------------------------------


def orders_with_every_outcome() -> dict[str, Order]:
    """Return one order for each way in which an order ends."""
    orders = {
        name: make_order(make_buyer(balance="1000"), now=NOW, paid=True)
        for name in (
            "delivered",
            "refunded later",
            "given up",
            "returned",
            "tried out",
            "tried in vain",
            "unsubscribed",
        )
    }
    for name in ("tried out", "tried in vain"):
        orders[name].origin = Order.Origin.SANDBOX
        orders[name].save(update_fields=["origin"])
    orders["unsubscribed"].order_type = Order.Type.UNSUBSCRIBE
    orders["unsubscribed"].save(update_fields=["order_type"])
    for name in ("delivered", "refunded later", "tried out", "unsubscribed"):
        complete_order(orders[name], now=NOW)
    ORDER.move_all([orders["refunded later"]], OrderEvent.REFUND, now=NOW + DAY)
    for name in ("given up", "tried in vain"):
        give_up_order(orders[name], now=NOW, reason="no answer")
    return_order(orders["returned"], now=NOW, actor="buyer")
    return orders


@pytest.mark.django_db
def test_each_order_counts_as_delivered_failed_or_neither() -> None:
    """A refund after the delivery is not a failure, and an unsubscription is not a delivery."""
    orders = orders_with_every_outcome()
    react(now=NOW)
    assert counts_by_day() == {day_of(NOW): (2, 1)}
    undelivered = Order.objects.filter(undelivered_at__isnull=False)
    assert [order.pk for order in undelivered] == [orders["given up"].pk]


@pytest.mark.django_db
@pytest.mark.parametrize("handled", ["before the upgrade", "after the upgrade", "failed in another reaction"])
def test_earlier_orders_are_counted_once_regardless_of_when_their_events_are_handled(handled: str) -> None:
    """An event that is still pending at the upgrade is counted by its reaction and not by the migration."""
    orders_with_every_outcome()
    if handled == "before the upgrade":
        react(now=NOW)
    if handled == "failed in another reaction":
        Event.objects.update(left=["tradepost.market.notifications.reactions.on_order_completed"])
    DeliveryDay.objects.all().delete()
    Order.objects.update(undelivered_at=None)
    MIGRATION.mark_undelivered(apps, None)
    MIGRATION.count_delivered(apps, None)
    react(now=NOW + timedelta(hours=1))
    assert counts_by_day() == {day_of(NOW): (2, 1)}


# --- locks ------------------------------------------------------------------------------------------------------------


def test_reactions_that_update_shared_rows_run_last() -> None:
    """Both tables hold one row for all orders of a day, or of a product and a day."""
    for event, reaction in (
        (OrderCompleted, delivery_days.on_order_completed),
        (OrderPaid, best_sellers.on_order_paid),
    ):
        registered = {
            id(reaction): reaction
            for entry in REACTIONS.entries
            if entry.event is event
            for reaction in entry.reactions
        }
        assert id(reaction) in registered
        assert isinstance(reaction, Batched)
        assert reaction.last


@pytest.mark.django_db
def test_counting_reactions_run_once_at_the_end_in_a_fixed_order() -> None:
    runs: list[str] = []

    @batched_last
    def z_count(events: Sequence[object], now: datetime) -> None:
        runs.append(f"count {len(events)}")

    @batched_last
    def a_count(events: Sequence[object], now: datetime) -> None:
        runs.append(f"first {len(events)}")

    @batched
    def plain(events: Sequence[object], now: datetime) -> None:
        runs.append(f"plain {len(events)}")

    reactions = Reactions([on(OrderCompleted, z_count, plain), on(OrderPaid, a_count, plain, z_count)])
    # All events are about one order, so that they are dispatched in three groups.
    for event in (OrderPaid(order="CS1"), OrderCompleted(order="CS1"), OrderPaid(order="CS1")):
        outbox.publish(event, now=NOW)
    outbox.dispatch(reactions, now=NOW)
    assert runs == ["plain 1", "plain 1", "plain 1", "first 2", "count 3"]
    runs.clear()
    outbox.publish(OrderCompleted(order="CS2"), now=NOW)
    outbox._run_alone(reactions, Event.objects.get().pk, NOW)
    assert runs == ["plain 1", "count 1"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_slow_batch_does_not_lock_the_count_of_its_day() -> None:
    """Earlier, the first reaction locked the row of the day, and the batch kept that lock while it acquired all others."""
    deliver_order(NOW)
    react(now=NOW)
    deliver_order(NOW)
    started, proceed = threading.Event(), threading.Event()

    def slow(event: OrderCompleted, now: datetime) -> None:
        started.set()
        assert proceed.wait(30)

    reactions = Reactions([on(OrderCompleted, delivery_days.on_order_completed, slow), on(OrderPaid)])
    batch = ConcurrentAct(lambda: outbox.dispatch(reactions, now=NOW))
    assert started.wait(30)
    try:
        with transaction.atomic():
            assert DeliveryDay.objects.select_for_update(nowait=True).get().delivered == 1
    finally:
        proceed.set()
    assert batch.outcome() == "done"
    assert DeliveryDay.objects.get().delivered == 2


@pytest.mark.django_db(transaction=True)
def test_concurrent_workers_count_every_order() -> None:
    for n in range(24):
        deliver_order(NOW + (n * 7 % 3) * DAY)
    batches = [lambda: outbox.dispatch(REACTIONS, now=NOW + 9 * DAY, limit=5)] * 4
    while Event.objects.exists():
        assert set(at_once(batches)) == {"done"}
    assert counts_by_day() == {day_of(NOW + n * DAY): (8, 0) for n in range(3)}
    assert sum(ProductDay.objects.values_list("lines", flat=True)) == 24


@pytest.mark.django_db
def test_undelivered_orders_are_read_by_an_index() -> None:
    undelivered = Order.objects.filter(undelivered_at__gte=NOW)
    plan = undelivered.explain()
    if connection.vendor == "sqlite":
        assert "order_undelivered_at" in plan
