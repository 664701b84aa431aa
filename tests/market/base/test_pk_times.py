"""Rows of a time range are found through the primary key (issue 27, lists: date chips where an index serves them)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.people import NOW
from tradepost.market.base.models import Move
from tradepost.market.base.pk_times import SLACK, between, first_key

pytestmark = pytest.mark.django_db


def moves(*minutes: int) -> list[Move]:
    Move.objects.all().delete()
    return Move.objects.bulk_create(
        Move(lifecycle="a", subject="1", event="b", before="c", after="d", at=NOW + timedelta(minutes=n), actor="")
        for n in minutes
    )


def test_first_key_of_a_moment() -> None:
    created = moves(0, 10, 10, 30)
    keys = [move.pk for move in created]
    for minutes, first in ((-5, 0), (0, 0), (5, 1), (10, 1), (11, 3), (31, 4)):
        key = first_key(Move, "at", NOW + timedelta(minutes=minutes))
        assert [pk for pk in keys if pk >= key] == keys[first:], minutes


def test_empty_table_has_no_rows() -> None:
    Move.objects.all().delete()
    assert not between(Move.objects.all(), "at", NOW, NOW + timedelta(days=1)).exists()


@given(
    steps=st.lists(st.integers(0, 200), max_size=30),
    earlier_by=st.integers(0, int(SLACK.total_seconds() // 60)),
    bounds=st.tuples(st.integers(-100, 3000), st.integers(-100, 3000)),
)
def test_rows_are_found_although_keys_are_slightly_out_of_order(
    steps: list[int], earlier_by: int, bounds: tuple[int, int]
) -> None:
    times, at = list[int](), 0
    for n, step in enumerate(steps):
        at += step
        times.append(at - earlier_by if n % 3 == 2 else at)
    created = moves(*times)
    since, until = (NOW + timedelta(minutes=n) for n in sorted(bounds))
    found_keys = {move.pk for move in between(Move.objects.all(), "at", since, until)}
    assert found_keys == {move.pk for move in created if since <= move.at < until}


@pytest.mark.postgres
@pytest.mark.parametrize("bounds", [(54_000, None), (6_000, 54_000)])
def test_primary_key_range_is_not_estimated_twice(bounds: tuple[int, int | None]) -> None:
    """issue 27, must show 3: a page of the last 7 days sorted all their rows, because few were estimated."""
    moves(*range(0, 60_000, 10))
    since, until = (None if n is None else NOW + timedelta(minutes=n) for n in bounds)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE base_move")
        rows = between(Move.objects.all(), "at", since, until)
        text, values = rows.order_by("-pk").query.sql_with_params()
        cursor.execute(f"EXPLAIN (FORMAT JSON) {text}", values)
        [[[plan]]] = cursor.fetchall()
    assert plan["Plan"]["Plan Rows"] > rows.count() / 4
