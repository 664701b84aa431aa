"""Rows written in a batch equal those that Django writes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Model, Value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import factories
from tests.factories import NOW
from tradepost.market.base import rows
from tradepost.market.base.models import Job, Move
from tradepost.market.fulfilment.models import Operation, lane_of
from tradepost.market.orders.models import OrderLine
from tradepost.market.production.models import Call

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
MOMENTS = st.datetimes(
    min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1),  # noqa: DTZ001  # hypothesis wants them without
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))]),
)  # fmt: skip


def columns(model: type[Model], pk: int) -> dict[str, Any]:
    [values] = model._default_manager.filter(pk=pk).values()
    return {name: value for name, value in values.items() if name != "id"}


@given(TEXT, TEXT, MOMENTS, st.dictionaries(TEXT, st.none() | st.booleans() | st.integers(-(2**50), 2**50) | TEXT))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.django_db
def test_values_are_written_as_django_writes_them(key: str, error: str, at: datetime, payload: dict[str, Any]) -> None:
    def job(kind: str) -> Job:
        return Job(kind=kind, key=key, error=error, due_at=at, payload=payload)

    with transaction.atomic():
        [batch_row], django_row = rows.create([job("ours")]), job("theirs")
        django_row.save()
        assert columns(Job, batch_row.pk) == columns(Job, django_row.pk) | {"kind": "ours"}
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_objects_get_their_own_keys_and_can_be_saved() -> None:
    moves = rows.create(
        Move(lifecycle="order", subject=str(n), event="pay", before="a", after="b", at=NOW, actor="x")
        for n in range(300)
    )
    assert {move.pk: move.subject for move in moves} == dict(
        Move.objects.filter(event="pay").values_list("pk", "subject")
    )
    moves[7].note = "changed"
    moves[7].save()
    assert Move.objects.filter(event="pay").count() == 300
    assert rows.create([]) == []


@pytest.mark.django_db
def test_rows_beyond_the_parameter_limit_are_all_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite takes 32,766 parameters."""
    monkeypatch.setattr(rows, "MAX_PARAMETERS", 20)  # two moves
    moves = rows.create(
        Move(lifecycle="order", subject=str(n), event="pay", before="a", after="b", at=NOW, actor="x") for n in range(7)
    )
    assert [(move.pk, move.subject) for move in moves] == list(Move.objects.order_by("pk").values_list("pk", "subject"))


@pytest.mark.django_db
def test_other_values_are_written_as_json() -> None:
    required_columns = {
        "kind": "test",
        "due_at": "2026-01-02 03:04:05",
        "state": Job().state,
        "lease_owner": "",
        "attempts": 0,
    }
    columns_ = rows.columns_of(Job)
    values: list[dict[str, Any]] = [
        {"key": "a", "error": "a\0b", "payload": {"a": [1, None, {"b": "\0"}]}},
        {"key": "b", "error": Move.__name__, "payload": []},
        {"key": "c", "error": "", "payload": {"amount": Decimal("1.50"), "day": date(2026, 1, 2)}},
    ]
    rows.insert("base_job", columns_, [{**required_columns, **value} for value in values])
    assert list(Job.objects.filter(kind="test").order_by("key").values_list("error", "payload")) == [
        ("a\\x00b", {"a": [1, None, {"b": "\\x00"}]}), ("Move", []), ("", {"amount": "1.50", "day": "2026-01-02"}),
    ]  # fmt: skip


@pytest.mark.django_db
def test_calls_and_operations_are_written_as_by_django() -> None:
    order = factories.make_order(paid=True)
    subscription = factories.make_subscription(order)
    call = factories.make_call(order, subscription=subscription)
    line = OrderLine.objects.get(order=order)
    for instance in (call, Operation(
        lane=lane_of(subscription), subscription=subscription, line=line, seller=subscription.seller, kind="open",
        origin=Operation.Origin.BUYER, wanted={"v": 1, "text": "“云笺”\\ '%s'"}, created_at=NOW, started_at=NOW,
    )):  # fmt: skip
        model: type[Call | Operation] = type(instance)
        if instance.pk is None:
            instance.save()
        before, instance.pk = columns(model, instance.pk), None
        model._default_manager.all().delete()
        [written] = rows.create([instance])
        assert columns(model, written.pk) == before


@pytest.mark.django_db
def test_invalid_rows_are_refused_by_the_database() -> None:
    job = Job(kind="k", key="k", due_at=NOW)
    rows.create([job])
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.create([Job(kind="k", key="k", due_at=NOW)])
    with pytest.raises(TypeError, match="made by the database"):
        rows.create([Job(kind=Value("other"), key="k", due_at=NOW)])
    assert Job.objects.count() == 1


@given(st.lists(st.tuples(TEXT, st.none() | st.integers(-(2**62), 2**62), st.none() | TEXT, MOMENTS), max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.django_db
def test_table_of_values_keeps_its_values(values: list[tuple[str, int | None, str | None, datetime]]) -> None:
    parameters_given = [(text, number, other, rows.moment(at)) for text, number, other, at in values]
    columns = {"one": "text", "two": "bigint", "three": "text", "four": "timestamptz"}
    table, parameters = rows.table(columns, parameters_given)
    rows_read = rows.run(f"SELECT one, two, three, four FROM {table}", parameters)
    assert [(one, two, three, rows.aware(four)) for one, two, three, four in rows_read] == [
        (text, number, other, at.astimezone(UTC)) for text, number, other, at in values
    ]


@pytest.mark.django_db
def test_rows_are_found_among_any_number_of_values() -> None:
    rows.create(
        Move(lifecycle="order", subject=f'{n}"\\', event="pay", before="a", after="b", at=NOW, actor="x")
        for n in range(5)
    )
    for subjects in ([], ['1"\\'], [f'{n}"\\' for n in range(2000)]):
        condition, parameters = rows.among("subject", subjects)
        rows_read = rows.run(f"SELECT subject FROM base_move WHERE {condition}", parameters)
        assert {subject for (subject,) in rows_read} == {f'{n}"\\' for n in range(5)} & set(subjects)
