"""Empties the database after a transactional test: the tables that hold something, in one transaction.

Django's own flush empties each of some two hundred tables, holds or not, and makes all permissions anew, which took longer than
most tests. What migrations write is there again afterwards: companies cannot enter without the first agreements. Tables that
refuse every DELETE must be emptied as well: their triggers are put aside and stand again before the next test, so that they are
tested as they are.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import connection, transaction
from django.test import TransactionTestCase

KEPT = frozenset({"django_migrations", "django_content_type", "auth_permission"})
"""What only a migration writes."""


def flush_what_is_held() -> None:
    TransactionTestCase._fixture_teardown = _teardown  # type: ignore[attr-defined]  # Django's own


def _teardown(case: Any) -> None:
    del case
    from tradepost.market.catalog.first_categories import create_first
    from tradepost.market.catalog.models import Category
    from tradepost.market.identity.company_models import Agreement
    from tradepost.market.identity.first_agreements import make_first

    held = _held()
    if connection.vendor == "postgresql":
        _empty_postgres(held)
    else:
        _empty_sqlite(held)
    make_first(Agreement.objects)
    create_first(Category.objects)


@cache
def _question() -> str:
    """One statement that names the tables in which there is a row."""
    quote = connection.ops.quote_name
    tables = sorted(set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT)
    return " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {quote(name)})" for name in tables)


def _held() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_question())
        return [name for (name,) in cursor.fetchall()]


def _empty_postgres(tables: list[str]) -> None:
    """As a replica does it: no trigger fires, neither that of an append-only table nor that of a foreign key."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for name in tables:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(name)}")


def _empty_sqlite(tables: list[str]) -> None:
    with connection.constraint_checks_disabled(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = [(name, sql) for name, table, sql in cursor.fetchall() if table in tables]
        aside = [f"DROP TRIGGER {connection.ops.quote_name(name)}" for name, _ in triggers]
        empty = [f"DELETE FROM {connection.ops.quote_name(name)}" for name in tables]
        for statement in [*aside, *empty, *(sql for _, sql in triggers)]:
            cursor.execute(statement)
