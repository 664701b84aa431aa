"""The query plan of the database for a queryset."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import QuerySet


def plan(rows: QuerySet[Any]) -> str:
    """Return the plan, which contains the names of its indexes. PostgreSQL scans small tables, so scans are disabled
    here to see the best index.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        text, parameters = rows.query.sql_with_params()
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{text}", parameters)
        return str(cursor.fetchall())
