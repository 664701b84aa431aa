"""Empty the tables that have rows after a transactional test, in one transaction.

Django's own flush empties about two hundred tables, whether they have rows or not, and recreates all permissions. That
took longer than most tests. The rows that migrations create are inserted again: companies cannot apply without the
first agreements. Append-only tables are emptied too. Their triggers are dropped and recreated before the next test, so
that tests run with them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import connection, transaction
from django.test import TransactionTestCase

NEVER_EMPTIED = frozenset({"django_migrations", "django_content_type", "auth_permission"})
"""Tables that only migrations write."""


def flush_only_tables_with_rows() -> None:
    TransactionTestCase._fixture_teardown = _teardown  # type: ignore[attr-defined]  # Django's own


def _teardown(case: Any) -> None:
    del case
    from tradepost.market.catalog import first_categories, first_synonyms
    from tradepost.market.catalog.models import Category, Synonym, SynonymGroup
    from tradepost.market.identity.company_models import Agreement
    from tradepost.market.identity.first_agreements import make_first

    tables = _filled_tables()
    if connection.vendor == "postgresql":
        _empty_postgres(tables)
    else:
        _empty_sqlite(tables)
    make_first(Agreement.objects)
    first_categories.create_first(Category.objects)
    first_synonyms.create_first(SynonymGroup.objects, Synonym.objects)


@cache
def _query_of_filled_tables() -> str:
    """Return one statement that selects the names of the tables that have rows."""
    quote = connection.ops.quote_name
    tables = sorted(
        set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - NEVER_EMPTIED
    )
    return " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {quote(name)})" for name in tables)


def _filled_tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_query_of_filled_tables())
        return [name for (name,) in cursor.fetchall()]


def _empty_postgres(tables: list[str]) -> None:
    """Delete in replica mode, where no trigger fires, whether of an append-only table or of a foreign key."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for name in tables:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(name)}")


def _empty_sqlite(tables: list[str]) -> None:
    with connection.constraint_checks_disabled(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = [(name, sql) for name, table, sql in cursor.fetchall() if table in tables]
        drop = [f"DROP TRIGGER {connection.ops.quote_name(name)}" for name, _ in triggers]
        delete = [f"DELETE FROM {connection.ops.quote_name(name)}" for name in tables]
        for statement in [*drop, *delete, *(sql for _, sql in triggers)]:
            cursor.execute(statement)
