"""Is the database what the models say? Compares tables, columns, what may be empty, what is unique, and named indexes.

A migration that was edited after it had run, a restore that broke off, a hand in the database: each leaves one whose
migrations all count as applied and in which pages fail. Types are left out: databases spell them too differently.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from django.apps import apps
from django.db.models import Field, Model, UniqueConstraint

from .schema_tables import Key, Table, tables


def differences() -> list[str]:
    """What the database has otherwise than the models, a sentence each; empty when all is well."""
    there = tables()
    return [
        said
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and not model._meta.swapped  # noqa: SLF001
        for said in _compare(model, there.get(model._meta.db_table))  # noqa: SLF001
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
        found = table.columns.get(str(field.column))
        if found is None:
            yield f"the column {name}.{field.column} is missing"
        elif found.may_be_empty != field.null and not field.primary_key:
            may, wanted = ("must not", "may") if field.null else ("may", "must not")
            yield f"the column {name}.{field.column} {may} be empty, and {wanted} be by the models"
    for column in sorted(table.columns.keys() - {field.column for field in fields}):
        found = table.columns[column]
        if not (found.may_be_empty or found.fills_itself):  # else a later version's, and in nobody's way
            yield f"the column {name}.{column} is unknown to this version and must be filled, so that no row can be added"


def _unique(model: type[Model], table: Table) -> Iterator[str]:
    meta = model._meta  # noqa: SLF001
    there = {frozenset(key.columns) for key in table.keys.values() if key.unique and not key.partial}
    single = [[field.name] for field in meta.local_concrete_fields if field.unique and not field.primary_key]
    for names in (*single, *meta.unique_together):
        columns = _columns_of(model, names)
        if frozenset(columns) not in there and set(columns) <= table.columns.keys():
            yield f"the same {', '.join(columns)} may stand twice in {meta.db_table}, and must not by the models"


def _named(model: type[Model], table: Table) -> Iterator[str]:
    """Constraints and indexes that have names of their own."""
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
    """``fields``: empty where it is about expressions, which no two databases spell alike."""
    of = f"{kind} {name} of {model._meta.db_table}"  # noqa: SLF001
    found, wanted = keys.get(name), _columns_of(model, fields)
    if found is None or (unique and not found.unique):
        yield f"the {of} is missing"
    elif fields and found.columns != wanted:
        there = ", ".join(column or "an expression" for column in found.columns)
        yield f"the {of} is about {there}, and must be about {', '.join(wanted)} by the models"


def _columns_of(model: type[Model], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(cast("Field[Any, Any]", model._meta.get_field(name)).column) for name in names)  # noqa: SLF001
