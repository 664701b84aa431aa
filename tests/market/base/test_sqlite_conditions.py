"""Conditions of partial indexes are literals in SQLite statements, so that the indexes are used
(``base/django_internals/sqlite/conditions.py``)."""

from __future__ import annotations

from typing import Any, cast

import pytest
from django.apps import apps
from django.db import models
from django.db.models import Q, QuerySet

from tests import scans
from tests.factories import NOW, make_call, make_order
from tests.market.plans import plan
from tradepost.market.base.django_internals.sqlite.conditions import LiteralLookup, register_literal_lookups
from tradepost.market.base.models import Job
from tradepost.market.base.work import State
from tradepost.market.fulfilment.models import Operation
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.orders.models import Order
from tradepost.market.production.models import Call

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]
CALLS, DELIVERIES = Call.objects.all(), NoticeDelivery.objects.all()
OPEN = ["queued", "running", "stopped"]


def condition_of(rows: QuerySet[Any]) -> str:
    """The condition of a statement, without table names."""
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
def test_partial_index_is_used(rows: QuerySet[Any], index: str) -> None:
    assert index in plan(rows)


def test_other_values_stay_parameters() -> None:
    """Otherwise each key, name and amount would make a separate statement."""
    assert (
        condition_of(Order.objects.filter(idempotency_key="a"))
        == "(idempotency_key = %s AND NOT (idempotency_key = ''))"
    )
    assert condition_of(DELIVERIES.filter(status="failed")) == "(status = %s AND NOT (status = 'sent'))"
    assert condition_of(DELIVERIES.filter(status="sent")) == "status = 'sent'"
    assert condition_of(DELIVERIES.filter(status__in=["sent", "failed"])) == "status IN (%s, %s)"
    assert condition_of(CALLS.filter(attempts=0)) == "attempts = %s"
    assert condition_of(CALLS.filter(state=models.F("attempts"))) == "state = (attempts)"


def test_results_are_the_same() -> None:
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


def test_every_index_condition_is_known() -> None:
    """Except for conditions on NULL and on two columns, which have no parameter."""
    conditions = [
        (model._meta.get_field(name), lookup or "exact")
        for model in apps.get_models()
        for item in (*model._meta.indexes, *model._meta.constraints)
        if not isinstance(item, models.CheckConstraint) and (condition := getattr(item, "condition", None)) is not None
        for name, lookup, value in _leaves(condition)
        if isinstance(value, int | str | list | tuple) and lookup != "isnull"
    ]
    assert len(conditions) > 60
    unknown = [f"{field}: {lookup}" for field, lookup in conditions if LiteralLookup not in _parents(field, lookup)]
    assert unknown == []


def _parents(field: Any, lookup: str) -> tuple[type, ...]:
    types: tuple[type, ...] = field.get_lookup(lookup).__mro__
    return types


def _leaves(condition: Q) -> list[tuple[str, str, Any]]:
    leaves: list[tuple[str, str, Any]] = []
    for child in condition.children:
        if isinstance(child, Q):
            leaves += _leaves(child)
        else:
            path, value = cast("tuple[str, Any]", child)
            name, _, lookup = path.partition("__")
            leaves.append((name, lookup, value))
    return leaves


def test_condition_that_needs_quoting_is_refused() -> None:
    class Meta:
        app_label = "base"
        indexes = (models.Index(fields=["id"], name="odd", condition=Q(name="it's")),)

    odd_model = type("Odd", (models.Model,), {"__module__": __name__, "Meta": Meta, "name": models.TextField()})
    try:
        with pytest.raises(ValueError, match="it's"):
            register_literal_lookups([odd_model])
    finally:
        del apps.all_models["base"]["odd"]
        apps.clear_cache()


def test_plan_check_detects_a_full_scan() -> None:
    """``tests/scans.py`` can fail: this query has no index."""
    from tradepost.market.orders import operator_queries

    make_order()
    query_code = compile("list(Order.objects.filter(currency='EUR'))", operator_queries.__file__, "exec")
    exec(query_code, {"Order": Order})  # as a line of that file
    list(Order.objects.filter(currency="EUR"))  # allowed in a test
    [report] = scans.full_scans
    scans.full_scans.clear()
    assert report.startswith("market/orders/operator_queries.py:<module> reads all of orders_order: SELECT")
