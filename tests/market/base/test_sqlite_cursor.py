"""A statement is written for SQLite as Django writes it, and executed with what it was given; times are read as Django reads them."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import ProgrammingError, connection
from django.db.backends.sqlite3.base import SQLiteCursorWrapper
from django.db.backends.sqlite3.operations import DatabaseOperations

from tradepost.market.base.sqlite.base import KEPT, LONGEST, Cursor, _for_sqlite

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1",
        "SELECT %s",
        "SELECT %s, '%%s', %s",
        "SELECT 'a' LIKE '%%a%%' AND %s",
        "SELECT '%%%%', %s",
        "SELECT '%%%s'",
        "SELECT %s -- 100 %%",
    ],
)
def test_placeholders_are_those_of_django(query: str) -> None:
    with sqlite3.connect(":memory:") as plain:
        assert _for_sqlite(query) == SQLiteCursorWrapper(plain).convert_query(query)


@pytest.mark.parametrize(
    ("query", "given", "found"),
    [
        ("SELECT %s || '%%s', 7 %% 4", ["a"], ("a%s", 3)),
        ("SELECT %s, %s", (1, None), (1, None)),
        ("SELECT %(a)s, %(b)s, %(a)s", {"a": 1, "b": "x"}, (1, "x", 1)),
        ("SELECT '%s'", None, ("%s",)),
        ("SELECT '%%'", [], ("%",)),
        (f"SELECT %s /* {'x' * LONGEST} */", [5], (5,)),
    ],
    ids=["a list", "a tuple", "names", "nothing given", "an empty list", "too long to be kept"],
)
def test_a_statement_gets_what_it_was_given(query: str, given: Any, found: tuple[Any, ...]) -> None:
    with connection.cursor() as cursor:
        assert isinstance(cursor.cursor, Cursor)
        for _ in range(2):
            cursor.execute(query, given)
            assert cursor.fetchone() == found


def test_what_is_wrong_is_said_each_time() -> None:
    with connection.cursor() as cursor:
        for _ in range(2):
            with pytest.raises(ProgrammingError, match="binding"):
                cursor.execute("SELECT %s, %s", [1])


def test_of_all_texts_so_many_are_kept() -> None:
    _for_sqlite.cache_clear()
    with connection.cursor() as cursor:
        for number in range(KEPT + 50):
            cursor.execute(f"SELECT {number}, %s", [1])
        cursor.execute(f"SELECT %s /* {'x' * LONGEST} */", [5])
    assert _for_sqlite.cache_info().currsize == KEPT


NAIVE = datetime(2026, 1, 2)  # noqa: DTZ001  # as a database may give it


@pytest.mark.parametrize(
    "kept",
    [
        "2026-01-02 03:04:05", "2026-01-02 03:04:05.678", "2026-01-02 03:04:05.678901", "2026-01-02T03:04", "2026-01-02",
        "2026-01-02 03:04:05+08:00", None, NAIVE, NAIVE.replace(tzinfo=UTC),
    ],
)  # fmt: skip
def test_a_time_is_read_as_django_reads_it(kept: Any) -> None:
    operations: Any = connection.ops
    ours = operations.convert_datetimefield_value(kept, None, connection)
    assert ours == DatabaseOperations(connection).convert_datetimefield_value(kept, None, connection)
    assert ours is None or ours.tzinfo is not None


@pytest.mark.parametrize("kept", ["2026-13-02 03:04:05", "tomorrow", ""])
def test_what_is_no_time_is_for_django_to_say(kept: str) -> None:
    said: list[Any] = []
    both: list[Any] = [connection.ops, DatabaseOperations(connection)]
    for operations in both:
        try:
            said.append(operations.convert_datetimefield_value(kept, None, connection))
        except Exception as error:  # noqa: BLE001  # whatever Django raises
            said.append((type(error), str(error)))
    assert said[0] == said[1]
