"""Insert millions of rows: one SQL statement per model, with the model's defaults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from django.apps import apps
from django.db import connection, models


@contextmanager
def without_foreign_key_checks() -> Iterator[None]:
    """Skip foreign key checks for each row: these rows refer only to each other."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield
        cursor.execute("SET LOCAL session_replication_role = origin")


@contextmanager
def indexes_created_afterwards(growing: Iterable[type[models.Model]]) -> Iterator[None]:
    """Drop indexes that enforce nothing and create them after the rows, which is several times as fast."""
    tables = ", ".join(f"'{model._meta.db_table}'" for model in growing)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            f" WHERE NOT i.indisunique AND i.indrelid::regclass::text IN ({tables})"
        )
        found = cursor.fetchall()
        for name, _ in found:
            cursor.execute(f'DROP INDEX "{name}"')
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")  # a sort that fits into this memory needs no files
        for _, definition in found:
            cursor.execute(definition)


def run(text: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, values)


def insert(model: type[models.Model], source: str, /, **columns: Any) -> None:
    """Run ``INSERT INTO … SELECT … FROM source``. A ``str`` is an SQL expression for its column; any other object is a
    value."""
    given: dict[str, Any] = dict(columns)
    for field in model._meta.concrete_fields:
        if (
            field.column
            and field.column not in given
            and not (field.primary_key or field.null or field.has_db_default())
        ):
            if not field.has_default() and not field.blank:
                raise LookupError(f"what is {model.__name__}.{field.name} of many?")
            default = field.get_db_prep_save(field.get_default(), connection)
            given[field.column] = (default,)
    expressions, values = [], []
    for value in given.values():
        expressions.append(value if isinstance(value, str) else "%s")
        if not isinstance(value, str):
            values.append(value[0] if isinstance(value, tuple) else value)
    names = ", ".join(f'"{name}"' for name in given)
    table = model._meta.db_table
    run(f"INSERT INTO {table} ({names}) SELECT {', '.join(expressions)} FROM {source}", *values)


def number_from_the_start() -> None:
    """Give the first rows of empty tables the keys that ``many`` expects: a rollback of an earlier test does not reset
    sequences."""
    for model in apps.get_models():
        if model._meta.auto_field is not None and model._meta.managed:
            table, column = model._meta.db_table, model._meta.auto_field.column
            run(
                f"SELECT setval(pg_get_serial_sequence('\"{table}\"', '{column}'),"
                f' (SELECT COALESCE(max("{column}"), 0) + 1 FROM "{table}"), false)'
            )


def text(value: str) -> tuple[str]:
    """Return a text as an SQL literal."""
    return (value,)


def json(value: Any) -> str:
    """Return a JSON constant as an SQL expression."""
    return "'" + msgspec.json.encode(value).decode().replace("'", "''").replace("%", "%%") + "'::jsonb"
