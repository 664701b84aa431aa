"""A question that is asked many times a second: put together by the ORM once, then only what it is about changes.

Putting a statement together costs Django more than most databases need to answer it. ``Prepared`` keeps the text; on
PostgreSQL the server keeps its plan as well. ``PreparedObjects`` does it for objects of models, with those that are selected
with them: of a question that joins ten tables Django spends most of its time on putting it together, and on the objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, override

import msgspec
from django.db import connection, models
from django.db.models.base import ModelState
from django.db.models.expressions import Expression, F
from django.db.models.lookups import Lookup
from django.db.transaction import TransactionManagementError
from msgspec import Struct


class Slot(Expression):
    """Stands in a query for a value of this kind that is given later, as the one at ``position``."""

    def __init__(self, kind: models.Field[Any, Any], position: int) -> None:
        super().__init__(output_field=kind)
        self.position = position

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:  # noqa: ARG002  # Django's signature
        return "%s", (self,)


class Keys(models.Field):  # type: ignore[type-arg]  # generic to mypy alone
    """The kind of a value that is any number of keys, or of texts: one parameter, so that the statement stays the same."""

    def __init__(self, of: str = "bigint") -> None:
        super().__init__()
        self.of = of
        """PostgreSQL's type of one."""

    @override
    def get_db_prep_value(self, value: Iterable[Any], connection: Any, prepared: bool = False) -> Any:
        given = list(value)
        return given if connection.vendor == "postgresql" else msgspec.json.encode(given).decode()


class Among(Lookup):
    """The condition that a column has one of the values of a ``Slot`` of ``Keys``; to be given to ``filter``.

    A lookup, since of any other expression Django asks on SQLite whether it equals 1, and then SQLite reads the whole table.
    """

    prepare_rhs = False

    def __init__(self, column: str, values: Slot) -> None:
        super().__init__(F(column), values)

    @override
    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        column, before = compiler.compile(self.lhs)
        values, given = compiler.compile(self.rhs)
        if connection.vendor == "postgresql":
            text = f"{column} = ANY({values}::{self.rhs.output_field.of}[])"
        else:
            text = f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608
        return text, (*before, *given)


class _Statement(Struct, frozen=True):
    text: str
    parameters: tuple[Any, ...]
    converters: tuple[tuple[int, tuple[list[Any], Any]], ...]
    locks: bool
    objects: _Part | None = None

    def ask(self, kinds: Sequence[models.Field[Any, Any]], values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows for these values, in the order of ``kinds``."""
        if self.locks and not connection.in_atomic_block:
            raise TransactionManagementError("rows are locked within a transaction only")
        given = [
            kind.get_db_prep_value(value, connection, prepared=False) for kind, value in zip(kinds, values, strict=True)
        ]
        bound = [given[p.position] if isinstance(p, Slot) else p for p in self.parameters]
        with connection.cursor() as cursor:
            cursor.execute(self.text, bound)
            found = cursor.fetchall()
        return [_converted(row, self) for row in found] if self.converters else found


def _put_together(
    kinds: Sequence[models.Field[Any, Any]], make: Callable[..., models.QuerySet[Any, Any]], *, objects: bool
) -> _Statement:
    slots = [Slot(kind, position) for position, kind in enumerate(kinds)]
    query = make(*slots).query
    compiler = query.get_compiler(connection=connection)
    text, parameters = compiler.as_sql()
    columns = [column for column, _, _ in compiler.select]
    return _Statement(
        text,
        tuple(parameters),
        tuple(compiler.get_converters(columns).items()),
        locks=query.select_for_update and connection.features.has_select_for_update,
        objects=_part(compiler.klass_info, columns) if objects else None,
    )


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
            statement = self._statements[connection.vendor] = _put_together(self.kinds, self.make, objects=False)
        return statement.ask(self.kinds, values)


@dataclass(slots=True)
class PreparedObjects[M: models.Model]:
    """``make`` gives a query of whole objects, which may select related ones, leave columns out, and lock; no annotations."""

    kinds: tuple[models.Field[Any, Any], ...]
    make: Callable[..., models.QuerySet[M]]
    _statements: dict[str, _Statement] = field(default_factory=dict)

    def __call__(self, *values: Any) -> list[M]:
        """The objects for these values, in the order of ``kinds``, as the query would give them.

        Raises ``TransactionManagementError`` outside of a transaction where it locks, ``TypeError`` for a model that is not made
        of its columns alone.
        """
        statement = self._statements.get(connection.vendor)
        if statement is None:
            statement = self._statements[connection.vendor] = _put_together(self.kinds, self.make, objects=True)
        part, alias = statement.objects, connection.alias
        return [part.of(row, alias) for row in statement.ask(self.kinds, values)] if part is not None else []


class _Part(Struct, frozen=True):
    """The columns of a row that are one object, and those of the objects that belong to it."""

    model: type[models.Model]
    names: tuple[str, ...]
    columns: slice
    key: int
    related: tuple[tuple[_Part, Callable[[Any, Any], None], Callable[[Any, Any], None]], ...]

    def of(self, row: Sequence[Any], alias: str) -> Any:
        """As ``Model.from_db``, without its look at each field; None where there is no such row."""
        if row[self.key] is None:
            return None
        made = self.model.__new__(self.model)
        state = ModelState()
        state.adding, state.db = False, alias
        made.__dict__.update(zip(self.names, row[self.columns], strict=True), _state=state)
        for part, set_here, set_there in self.related:
            other = part.of(row, alias)
            set_here(made, other)
            if other is not None:
                set_there(other, made)
        return made


def _part(info: Mapping[str, Any], columns: Sequence[Any]) -> _Part:
    """Of what Django's compiler says of the columns of a query."""
    model, places = info["model"], info["select_fields"]
    plain = model.__init__ is models.Model.__init__ and model.from_db.__func__ is models.Model.from_db.__func__  # type: ignore[attr-defined]
    heard = any(signal.has_listeners(model) for signal in (models.signals.pre_init, models.signals.post_init))
    if not plain or heard or info.get("from_parent"):
        raise TypeError(f"{model.__name__} is not made of its columns alone: ask for it without preparing")
    first, last = places[0], places[-1] + 1
    names = tuple(column.target.attname for column in columns[first:last])
    related = info.get("related_klass_infos", ())
    return _Part(
        model=model,
        names=names,
        columns=slice(first, last),
        key=first + names.index(model._meta.pk.attname),  # noqa: SLF001
        related=tuple((_part(one, columns), one["local_setter"], one["remote_setter"]) for one in related),
    )


def _converted(row: tuple[Any, ...], statement: _Statement) -> tuple[Any, ...]:
    values = list(row)
    for position, (converters, expression) in statement.converters:
        value = values[position]
        for convert in converters:
            value = convert(value, expression, connection)
        values[position] = value
    return tuple(values)
