"""How the database would find what a query asks for."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import QuerySet


def plan(rows: QuerySet[Any]) -> str:
    """Names of indexes are in it. PostgreSQL reads a small table whole, which is forbidden here: it then takes the best index."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        text, parameters = rows.query.sql_with_params()
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{text}", parameters)
        return str(cursor.fetchall())
