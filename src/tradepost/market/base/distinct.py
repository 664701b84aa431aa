"""Find the distinct values of a column through an index, with one index read per value."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL


def distinct_keys(rows: QuerySet[Any], column: str) -> list[int]:
    """Return the distinct values of a foreign key, the smallest first, in one statement.

    Each step looks up the next larger value, while ``DISTINCT`` would read all rows. Needs an index on the columns by
    which ``rows`` is filtered, followed by this column."""
    first_statement, parameters = _smallest(rows, column)
    next_larger, next_parameters = _smallest(rows.filter(**{f"{column}__gt": RawSQL("walked.key", ())}), column)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE walked(key) AS (SELECT * FROM ({first_statement}) f UNION ALL SELECT ({next_larger}) FROM walked"  # noqa: S608  # Django wrote them
            " WHERE walked.key IS NOT NULL) SELECT key FROM walked WHERE key IS NOT NULL",
            [*parameters, *next_parameters],
        )
        return [key for (key,) in cursor.fetchall()]


def _smallest(rows: QuerySet[Any], column: str) -> tuple[str, tuple[Any, ...]]:
    return rows.order_by(column).values(column)[:1].query.sql_with_params()
