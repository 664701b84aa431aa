"""Rows written as a batch are those that Django would have written."""

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
    [found] = model._default_manager.filter(pk=pk).values()
    return {name: value for name, value in found.items() if name != "id"}


@given(TEXT, TEXT, MOMENTS, st.dictionaries(TEXT, st.none() | st.booleans() | st.integers(-(2**50), 2**50) | TEXT))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.django_db
def test_whatever_is_written_is_read_as_django_would_write_it(
    key: str, error: str, at: datetime, payload: dict[str, Any]
) -> None:
    def job(kind: str) -> Job:
        return Job(kind=kind, key=key, error=error, due_at=at, payload=payload)

    with transaction.atomic():
        [ours], theirs = rows.create([job("ours")]), job("theirs")
        theirs.save()
        assert columns(Job, ours.pk) == columns(Job, theirs.pk) | {"kind": "ours"}
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_each_object_gets_the_key_of_its_own_row_and_can_be_saved() -> None:
    made = rows.create(
        Move(lifecycle="order", subject=str(n), event="pay", before="a", after="b", at=NOW, actor="x")
        for n in range(300)
    )
    assert {one.pk: one.subject for one in made} == dict(Move.objects.filter(event="pay").values_list("pk", "subject"))
    made[7].note = "changed"
    made[7].save()
    assert Move.objects.filter(event="pay").count() == 300
    assert rows.create([]) == []


@pytest.mark.django_db
def test_more_rows_than_a_statement_takes_are_all_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite takes 32,766 parameters."""
    monkeypatch.setattr(rows, "MOST_PARAMETERS", 20)  # two moves
    made = rows.create(
        Move(lifecycle="order", subject=str(n), event="pay", before="a", after="b", at=NOW, actor="x") for n in range(7)
    )
    assert [(one.pk, one.subject) for one in made] == list(Move.objects.order_by("pk").values_list("pk", "subject"))


@pytest.mark.django_db
def test_what_is_no_text_and_no_number_is_written_as_json_would() -> None:
    written = {"kind": "test", "due_at": "2026-01-02 03:04:05", "state": Job().state, "lease_owner": "", "attempts": 0}
    columns_ = rows.columns_of(Job)
    values: list[dict[str, Any]] = [
        {"key": "a", "error": "a\0b", "payload": {"a": [1, None, {"b": "\0"}]}},
        {"key": "b", "error": Move.__name__, "payload": []},
        {"key": "c", "error": "", "payload": {"amount": Decimal("1.50"), "day": date(2026, 1, 2)}},
    ]
    rows.insert("base_job", columns_, [{**written, **one} for one in values])
    assert list(Job.objects.filter(kind="test").order_by("key").values_list("error", "payload")) == [
        ("a\\x00b", {"a": [1, None, {"b": "\\x00"}]}), ("Move", []), ("", {"amount": "1.50", "day": "2026-01-02"}),
    ]  # fmt: skip


@pytest.mark.django_db
def test_calls_and_operations_are_as_django_writes_them() -> None:
    order = factories.make_order(paid=True)
    subscription = factories.make_subscription(order)
    call = factories.make_call(order, subscription=subscription)
    line = OrderLine.objects.get(order=order)
    for one in (call, Operation(
        lane=lane_of(subscription), subscription=subscription, line=line, seller=subscription.seller, kind="open",
        origin=Operation.Origin.BUYER, wanted={"v": 1, "text": "“云笺”\\ '%s'"}, created_at=NOW, started_at=NOW,
    )):  # fmt: skip
        model: type[Call | Operation] = type(one)
        if one.pk is None:
            one.save()
        before, one.pk = columns(model, one.pk), None
        model._default_manager.all().delete()
        [again] = rows.create([one])
        assert columns(model, again.pk) == before


@pytest.mark.django_db
def test_what_the_database_refuses_is_refused() -> None:
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
def test_a_table_of_values_holds_them_as_they_are(values: list[tuple[str, int | None, str | None, datetime]]) -> None:
    given = [(text, number, other, rows.moment(at)) for text, number, other, at in values]
    columns = {"one": "text", "two": "bigint", "three": "text", "four": "timestamptz"}
    table, parameters = rows.table(columns, given)
    found = rows.run(f"SELECT one, two, three, four FROM {table}", parameters)
    assert [(one, two, three, rows.aware(four)) for one, two, three, four in found] == [
        (text, number, other, at.astimezone(UTC)) for text, number, other, at in values
    ]


@pytest.mark.django_db
def test_rows_are_found_among_any_number_of_values() -> None:
    rows.create(
        Move(lifecycle="order", subject=f'{n}"\\', event="pay", before="a", after="b", at=NOW, actor="x")
        for n in range(5)
    )
    for wanted in ([], ['1"\\'], [f'{n}"\\' for n in range(2000)]):
        condition, parameters = rows.among("subject", wanted)
        found = rows.run(f"SELECT subject FROM base_move WHERE {condition}", parameters)
        assert {subject for (subject,) in found} == {f'{n}"\\' for n in range(5)} & set(wanted)
