"""Statements and parameters reach SQLite as Django writes them, and times are read as Django reads them."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import ProgrammingError, connection
from django.db.backends.sqlite3.base import SQLiteCursorWrapper
from django.db.backends.sqlite3.operations import DatabaseOperations

from tradepost.market.base.django_internals.sqlite.base import CACHE_SIZE, MAX_CACHED_LENGTH, Cursor, _for_sqlite

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
def test_placeholders_match_django(query: str) -> None:
    with sqlite3.connect(":memory:") as database:
        assert _for_sqlite(query) == SQLiteCursorWrapper(database).convert_query(query)


@pytest.mark.parametrize(
    ("query", "parameters", "expected"),
    [
        ("SELECT %s || '%%s', 7 %% 4", ["a"], ("a%s", 3)),
        ("SELECT %s, %s", (1, None), (1, None)),
        ("SELECT %(a)s, %(b)s, %(a)s", {"a": 1, "b": "x"}, (1, "x", 1)),
        ("SELECT '%s'", None, ("%s",)),
        ("SELECT '%%'", [], ("%",)),
        (f"SELECT %s /* {'x' * MAX_CACHED_LENGTH} */", [5], (5,)),
    ],
    ids=["a list", "a tuple", "names", "nothing given", "an empty list", "too long to be kept"],
)
def test_statement_gets_its_parameters(query: str, parameters: Any, expected: tuple[Any, ...]) -> None:
    with connection.cursor() as cursor:
        assert isinstance(cursor.cursor, Cursor)
        for _ in range(2):
            cursor.execute(query, parameters)
            assert cursor.fetchone() == expected


def test_error_is_raised_each_time() -> None:
    with connection.cursor() as cursor:
        for _ in range(2):
            with pytest.raises(ProgrammingError, match="binding"):
                cursor.execute("SELECT %s, %s", [1])


def test_cache_of_statements_is_bounded() -> None:
    _for_sqlite.cache_clear()
    with connection.cursor() as cursor:
        for number in range(CACHE_SIZE + 50):
            cursor.execute(f"SELECT {number}, %s", [1])
        cursor.execute(f"SELECT %s /* {'x' * MAX_CACHED_LENGTH} */", [5])
    assert _for_sqlite.cache_info().currsize == CACHE_SIZE


NAIVE = datetime(2026, 1, 2)  # noqa: DTZ001  # as a database may return it


@pytest.mark.parametrize(
    "stored",
    [
        "2026-01-02 03:04:05", "2026-01-02 03:04:05.678", "2026-01-02 03:04:05.678901", "2026-01-02T03:04", "2026-01-02",
        "2026-01-02 03:04:05+08:00", None, NAIVE, NAIVE.replace(tzinfo=UTC),
    ],
)  # fmt: skip
def test_time_is_read_as_by_django(stored: Any) -> None:
    operations: Any = connection.ops
    converted = operations.convert_datetimefield_value(stored, None, connection)
    assert converted == DatabaseOperations(connection).convert_datetimefield_value(stored, None, connection)
    assert converted is None or converted.tzinfo is not None


@pytest.mark.parametrize("stored", ["2026-13-02 03:04:05", "tomorrow", ""])
def test_other_values_are_left_to_django(stored: str) -> None:
    results: list[Any] = []
    both: list[Any] = [connection.ops, DatabaseOperations(connection)]
    for operations in both:
        try:
            results.append(operations.convert_datetimefield_value(stored, None, connection))
        except Exception as error:  # noqa: BLE001  # whatever Django raises
            results.append((type(error), str(error)))
    assert results[0] == results[1]
