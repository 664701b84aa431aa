"""A question that is asked many times a second: put together by the ORM once, then only what it is about changes.

Putting a statement together costs Django more than most databases need to answer it. ``Prepared`` keeps the text; on
PostgreSQL the server keeps its plan as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, models
from django.db.models.expressions import Expression


class Slot(Expression):
    """Stands in a query for a value of this kind that is given later, as the one at ``position``."""

    def __init__(self, kind: models.Field[Any, Any], position: int) -> None:
        super().__init__(output_field=kind)
        self.position = position

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:  # noqa: ARG002  # Django's signature
        return "%s", (self,)


@dataclass(frozen=True, slots=True)
class _Statement:
    text: str
    parameters: tuple[Any, ...]
    converters: tuple[tuple[int, tuple[list[Any], Any]], ...]


@dataclass(slots=True)
class Prepared:
    """``make`` gives the query with its columns (``values_list``), given a ``Slot`` for each of ``kinds``."""

    kinds: tuple[models.Field[Any, Any], ...]
    make: Callable[..., models.QuerySet[Any, tuple[Any, ...]]]
    _statements: dict[str, _Statement] = field(default_factory=dict)

    def __call__(self, *values: Any) -> list[tuple[Any, ...]]:
        """The rows for these values, in the order of ``kinds``."""
        statement = self._statements.get(connection.vendor)
        if statement is None:
            statement = self._statements[connection.vendor] = self._put_together()
        given = [
            kind.get_db_prep_value(value, connection, prepared=False)
            for kind, value in zip(self.kinds, values, strict=True)
        ]
        bound = [given[p.position] if isinstance(p, Slot) else p for p in statement.parameters]
        with connection.cursor() as cursor:
            cursor.execute(statement.text, bound)
            found = cursor.fetchall()
        return [_converted(row, statement) for row in found] if statement.converters else found

    def _put_together(self) -> _Statement:
        slots = [Slot(kind, position) for position, kind in enumerate(self.kinds)]
        compiler = self.make(*slots).query.get_compiler(connection=connection)
        text, parameters = compiler.as_sql()
        columns = [column for column, _, _ in compiler.select]
        return _Statement(text, tuple(parameters), tuple(compiler.get_converters(columns).items()))


def _converted(row: tuple[Any, ...], statement: _Statement) -> tuple[Any, ...]:
    values = list(row)
    for position, (converters, expression) in statement.converters:
        value = values[position]
        for convert in converters:
            value = convert(value, expression, connection)
        values[position] = value
    return tuple(values)
