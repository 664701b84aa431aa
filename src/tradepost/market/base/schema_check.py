"""Compare the database schema with the models: tables, columns, nullability, uniqueness, and named indexes and
constraints.

Differences come from a migration edited after it ran, an incomplete restore, or manual changes: all migrations count
as applied, yet pages fail. Types are not compared, because databases name them too differently."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from django.apps import apps
from django.db.models import Field, Model, UniqueConstraint

from .schema_tables import Key, Table, tables


def differences() -> list[str]:
    """Return the differences between database and models, a sentence each; empty if there are none."""
    existing = tables()
    return [
        difference
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and not model._meta.swapped  # noqa: SLF001
        for difference in _compare(model, existing.get(model._meta.db_table))  # noqa: SLF001
    ]


def _compare(model: type[Model], table: Table | None) -> Iterator[str]:
    if table is None:
        yield f"the table {model._meta.db_table} is missing"  # noqa: SLF001
        return
    yield from _columns(model, table)
    yield from _unique(model, table)
    yield from _named(model, table)


def _columns(model: type[Model], table: Table) -> Iterator[str]:
    name = model._meta.db_table  # noqa: SLF001
    fields: list[Field[Any, Any]] = list(model._meta.local_concrete_fields)  # noqa: SLF001
    for field in fields:
        column_found = table.columns.get(str(field.column))
        if column_found is None:
            yield f"the column {name}.{field.column} is missing"
        elif column_found.may_be_empty != field.null and not field.primary_key:
            actual_rule, expected_rule = ("must not", "may") if field.null else ("may", "must not")
            yield f"the column {name}.{field.column} {actual_rule} be empty, and {expected_rule} be by the models"
    for column in sorted(table.columns.keys() - {field.column for field in fields}):
        column_found = table.columns[column]
        if not (
            column_found.may_be_empty or column_found.fills_itself
        ):  # otherwise a later version's column, which does no harm
            yield f"the column {name}.{column} is unknown to this version and must be filled, so that no row can be added"


def _unique(model: type[Model], table: Table) -> Iterator[str]:
    meta = model._meta  # noqa: SLF001
    unique_keys = {frozenset(key.columns) for key in table.keys.values() if key.unique and not key.partial}
    single = [[field.name] for field in meta.local_concrete_fields if field.unique and not field.primary_key]
    for names in (*single, *meta.unique_together):
        columns = _columns_of(model, names)
        if frozenset(columns) not in unique_keys and set(columns) <= table.columns.keys():
            yield f"the same {', '.join(columns)} may stand twice in {meta.db_table}, and must not by the models"


def _named(model: type[Model], table: Table) -> Iterator[str]:
    """Compare constraints and indexes that have explicit names."""
    meta = model._meta  # noqa: SLF001
    for constraint in meta.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield from _key(model, "unique constraint", constraint.name, constraint.fields, table.keys, unique=True)
        elif constraint.name not in table.checks:
            yield f"the constraint {constraint.name} of {meta.db_table} is missing"
    for index in meta.indexes:
        fields = [] if index.contains_expressions else [field for field, _order in index.fields_orders]
        yield from _key(model, "index", index.name, fields, table.keys)


def _key(
    model: type[Model], kind: str, name: str, fields: Sequence[str], keys: dict[str, Key], *, unique: bool = False
) -> Iterator[str]:
    """``fields``: empty for expressions, whose spelling differs between databases."""
    of = f"{kind} {name} of {model._meta.db_table}"  # noqa: SLF001
    key, expected_columns = keys.get(name), _columns_of(model, fields)
    if key is None or (unique and not key.unique):
        yield f"the {of} is missing"
    elif fields and key.columns != expected_columns:
        actual_columns = ", ".join(column or "an expression" for column in key.columns)
        yield f"the {of} is about {actual_columns}, and must be about {', '.join(expected_columns)} by the models"


def _columns_of(model: type[Model], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(cast("Field[Any, Any]", model._meta.get_field(name)).column) for name in names)  # noqa: SLF001
