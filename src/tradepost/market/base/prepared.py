"""Prepared queries: the ORM compiles a frequent query once, and each execution supplies only the values.

Compiling a statement costs Django more than most databases need to execute it. ``Prepared`` caches the text; on
PostgreSQL the server caches its plan as well. ``PreparedObjects`` does so for model instances with their selected
related ones: for a query that joins ten tables, most of Django's time is compilation and instantiation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, override

import msgspec
from django.db import connection, models
from django.db.models.expressions import Expression, F
from django.db.models.lookups import Lookup
from django.db.transaction import TransactionManagementError

from .django_internals.compiled import Compiled, compile_query


class Slot(Expression):
    """A placeholder in a query for the value at ``position``, which is supplied later."""

    def __init__(self, kind: models.Field[Any, Any], position: int) -> None:
        super().__init__(output_field=kind)
        self.position = position

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:  # noqa: ARG002  # Django's signature
        return "%s", (self,)


class Keys(models.Field):  # type: ignore[type-arg]  # generic only for mypy
    """The type of a value that is a list of keys or texts: a single parameter, so the statement does not depend on
    its length."""

    def __init__(self, of: str = "bigint") -> None:
        super().__init__()
        self.of = of
        """The PostgreSQL type of an element."""

    @override
    def get_db_prep_value(self, value: Iterable[Any], connection: Any, prepared: bool = False) -> Any:
        values = list(value)
        return values if connection.vendor == "postgresql" else msgspec.json.encode(values).decode()


class Among(Lookup):
    """The condition that a column has one of the values of a ``Slot`` of ``Keys``; an argument of ``filter``.

    It is a lookup, because on SQLite Django compares any other expression with 1, and SQLite then reads the whole
    table."""

    prepare_rhs = False

    def __init__(self, column: str, values: Slot) -> None:
        super().__init__(F(column), values)

    @override
    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        column, column_parameters = compiler.compile(self.lhs)
        values, value_parameters = compiler.compile(self.rhs)
        if connection.vendor == "postgresql":
            text = f"{column} = ANY({values}::{self.rhs.output_field.of}[])"
        else:
            text = f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608
        return text, (*column_parameters, *value_parameters)


def _execute(
    statement: Compiled, kinds: Sequence[models.Field[Any, Any]], values: Sequence[Any]
) -> list[tuple[Any, ...]]:
    """Return the rows for these values, in the order of ``kinds``."""
    if statement.locks and not connection.in_atomic_block:
        raise TransactionManagementError("rows are locked within a transaction only")
    prepared_values = [
        kind.get_db_prep_value(value, connection, prepared=False) for kind, value in zip(kinds, values, strict=True)
    ]
    bound_values = [prepared_values[p.position] if isinstance(p, Slot) else p for p in statement.parameters]
    with connection.cursor() as cursor:
        cursor.execute(statement.text, bound_values)
        fetched_rows = cursor.fetchall()
    return [_converted(row, statement) for row in fetched_rows] if statement.converters else fetched_rows


def _compile(
    kinds: Sequence[models.Field[Any, Any]], make: Callable[..., models.QuerySet[Any, Any]], *, objects: bool
) -> Compiled:
    return compile_query(make(*(Slot(kind, position) for position, kind in enumerate(kinds))), objects=objects)


@dataclass(slots=True)
class Prepared:
    """``make`` returns the query with its columns (``values_list``), given a ``Slot`` for each of ``kinds``."""

    kinds: tuple[models.Field[Any, Any], ...]
    make: Callable[..., models.QuerySet[Any, tuple[Any, ...]]]
    _statements: dict[str, Compiled] = field(default_factory=dict)

    def __call__(self, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows for these values, given in the order of ``kinds``."""
        statement = self._statements.get(connection.vendor)
        if statement is None:
            statement = self._statements[connection.vendor] = _compile(self.kinds, self.make, objects=False)
        return _execute(statement, self.kinds, values)


@dataclass(slots=True)
class PreparedObjects[M: models.Model]:
    """``make`` returns a query of whole objects, which may select related ones, defer columns and lock, but not
    annotate."""

    kinds: tuple[models.Field[Any, Any], ...]
    make: Callable[..., models.QuerySet[M]]
    _statements: dict[str, Compiled] = field(default_factory=dict)

    def __call__(self, *values: Any) -> list[M]:
        """Return the objects for these values, given in the order of ``kinds``.

        Raises ``TransactionManagementError`` outside of a transaction if the query locks, and ``TypeError`` for a
        model with its own construction code."""
        statement = self._statements.get(connection.vendor)
        if statement is None:
            statement = self._statements[connection.vendor] = _compile(self.kinds, self.make, objects=True)
        part, alias = statement.objects, connection.alias
        return [part.of(row, alias) for row in _execute(statement, self.kinds, values)] if part is not None else []


def _converted(row: tuple[Any, ...], statement: Compiled) -> tuple[Any, ...]:
    values = list(row)
    for position, (converters, expression) in statement.converters:
        value = values[position]
        for convert in converters:
            value = convert(value, expression, connection)
        values[position] = value
    return tuple(values)
