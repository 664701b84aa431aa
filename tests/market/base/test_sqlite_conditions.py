"""Conditions of partial indexes stand in statements on SQLite, so that these indexes are used (``base/sqlite/conditions.py``)."""

from __future__ import annotations

from typing import Any, cast

import pytest
from django.apps import apps
from django.db import models
from django.db.models import Q, QuerySet

from tests import scans
from tests.factories import NOW, make_call, make_order
from tests.market.plans import plan
from tradepost.market.base.models import Job
from tradepost.market.base.sqlite.conditions import WrittenOut, write_out_conditions
from tradepost.market.base.work import State
from tradepost.market.fulfilment.models import Operation
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.orders.models import Order
from tradepost.market.production.models import Call

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]
CALLS, DELIVERIES = Call.objects.all(), NoticeDelivery.objects.all()
OPEN = ["queued", "running", "stopped"]


def where(rows: QuerySet[Any]) -> str:
    """The condition of a question, without the names of tables."""
    text, _ = rows.query.sql_with_params()
    return text.partition(" WHERE ")[2].replace(f'"{rows.model._meta.db_table}".', "").replace('"', "")


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (CALLS.filter(state=State.WAITING, due_at__lte=NOW).order_by("due_at", "id"), "call_due"),
        (CALLS.filter(address=1, state__in=[2, 0]), "call_address_waiting"),
        (DELIVERIES.filter(status="failed").order_by("-id"), "delivery_unsent"),
        (DELIVERIES.filter(status__in=["failed", "waiting"]), "delivery_unsent"),
        (DELIVERIES.exclude(reason="").filter(reason="no address"), "delivery_reason"),
        (Job.objects.exclude(error=""), "job_stuck"),
        (Operation.objects.filter(seller=1, status__in=OPEN).order_by("-id"), "operation_seller_open"),
        (Operation.objects.filter(line=1), "operation_line"),
        (Operation.objects.filter(idempotency_key__in=["a", "b"]), "operation_idempotency_key"),
        (Order.objects.filter(buyer=1, idempotency_key="it's"), "order_idempotency_key"),
    ],
)  # fmt: skip
def test_the_index_is_used(rows: QuerySet[Any], index: str) -> None:
    assert index in plan(rows)


def test_what_is_in_no_condition_stays_a_parameter() -> None:
    """Or each key, name and amount would be a statement of its own."""
    assert where(Order.objects.filter(idempotency_key="a")) == "(idempotency_key = %s AND NOT (idempotency_key = ''))"
    assert where(DELIVERIES.filter(status="failed")) == "(status = %s AND NOT (status = 'sent'))"
    assert where(DELIVERIES.filter(status="sent")) == "status = 'sent'"
    assert where(DELIVERIES.filter(status__in=["sent", "failed"])) == "status IN (%s, %s)"
    assert where(CALLS.filter(attempts=0)) == "attempts = %s"
    assert where(CALLS.filter(state=models.F("attempts"))) == "state = (attempts)"


def test_rows_are_the_same() -> None:
    order = make_order(paid=True)
    waiting, ended = make_call(order), make_call(order, state=State.ENDED, outcome="gave_up", last_verdict="refused")
    assert list(Call.objects.filter(state=State.ENDED)) == [ended]
    assert list(Call.objects.exclude(state=State.ENDED)) == [waiting]
    assert list(Call.objects.filter(state__in=[State.HELD, State.WAITING])) == [waiting]
    assert list(Call.objects.filter(last_verdict="refused")) == [ended]
    assert list(Call.objects.exclude(last_verdict="refused")) == [waiting]
    assert list(Call.objects.filter(~Q(last_verdict__in=["refused", "timeout"]) | Q(state=State.ENDED)).order_by("pk")) == [
        waiting, ended,
    ]  # fmt: skip


def test_every_condition_of_an_index_is_known() -> None:
    """But those about a column that is empty or not, and about two columns, which have no parameter."""
    asked = [
        (model._meta.get_field(name), lookup or "exact")
        for model in apps.get_models()
        for one in (*model._meta.indexes, *model._meta.constraints)
        if not isinstance(one, models.CheckConstraint) and (condition := getattr(one, "condition", None)) is not None
        for name, lookup, value in _leaves(condition)
        if isinstance(value, int | str | list | tuple) and lookup != "isnull"
    ]
    assert len(asked) > 60
    unknown = [f"{field}: {lookup}" for field, lookup in asked if WrittenOut not in _parents(field, lookup)]
    assert unknown == []


def _parents(field: Any, lookup: str) -> tuple[type, ...]:
    found: tuple[type, ...] = field.get_lookup(lookup).__mro__
    return found


def _leaves(condition: Q) -> list[tuple[str, str, Any]]:
    found: list[tuple[str, str, Any]] = []
    for child in condition.children:
        if isinstance(child, Q):
            found += _leaves(child)
        else:
            path, value = cast("tuple[str, Any]", child)
            name, _, lookup = path.partition("__")
            found.append((name, lookup, value))
    return found


def test_a_condition_that_would_have_to_be_quoted_is_refused() -> None:
    class Meta:
        app_label = "base"
        indexes = (models.Index(fields=["id"], name="odd", condition=Q(name="it's")),)

    odd = type("Odd", (models.Model,), {"__module__": __name__, "Meta": Meta, "name": models.TextField()})
    try:
        with pytest.raises(ValueError, match="it's"):
            write_out_conditions([odd])
    finally:
        del apps.all_models["base"]["odd"]
        apps.clear_cache()


def test_the_look_at_plans_finds_who_reads_all() -> None:
    """``tests/scans.py`` can fail: here the market asks for what no index has."""
    from tradepost.market.orders import operator_queries

    make_order()
    asks = compile("list(Order.objects.filter(currency='EUR'))", operator_queries.__file__, "exec")
    exec(asks, {"Order": Order})  # as a line of that file
    list(Order.objects.filter(currency="EUR"))  # a test may
    [said] = scans.found
    scans.found.clear()
    assert said.startswith("market/orders/operator_queries.py:<module> reads all of orders_order: SELECT")
