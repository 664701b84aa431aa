"""What Django's compiler makes of a query, and objects made of its rows.

Why: a query that is asked many times a second is compiled once (``base/prepared.py``). Django keeps to itself the compiler, its
converters and how the columns of a row become objects with the objects that are selected with them. ``Model.from_db`` looks at each
field; an object whose columns are all known is made faster without it.

Written against Django 6.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import connection, models
from django.db.models.base import ModelState
from msgspec import Struct


class Compiled(Struct, frozen=True):
    """``converters``: by the number of a column, the functions that read its values, and its expression. ``locks``: whether it locks
    rows. ``objects``: None for rows of values."""

    text: str
    parameters: tuple[Any, ...]
    converters: tuple[tuple[int, tuple[list[Any], Any]], ...]
    locks: bool
    objects: RowObjects | None


def compile_query(asked: models.QuerySet[Any, Any], *, objects: bool) -> Compiled:
    """Return the statement of a query. Raise ``TypeError`` for ``objects`` of a model that is not made of its columns alone."""
    query: Any = asked.query
    compiler = query.get_compiler(connection=connection)
    text, parameters = compiler.as_sql()
    columns = [column for column, _, _ in compiler.select]
    return Compiled(
        text,
        tuple(parameters),
        tuple(compiler.get_converters(columns).items()),
        locks=query.select_for_update and connection.features.has_select_for_update,
        objects=_row_objects(compiler.klass_info, columns) if objects else None,
    )


class RowObjects(Struct, frozen=True):
    """The columns of a row that are one object, and those of the objects that belong to it."""

    model: type[models.Model]
    names: tuple[str, ...]
    columns: slice
    key: int
    related: tuple[tuple[RowObjects, Callable[[Any, Any], None], Callable[[Any, Any], None]], ...]

    def of(self, row: Sequence[Any], alias: str) -> Any:
        """As ``Model.from_db``, without its look at each field; None where there is no such row."""
        if row[self.key] is None:
            return None
        instance = self.model.__new__(self.model)
        state = ModelState()
        state.adding, state.db = False, alias
        instance.__dict__.update(zip(self.names, row[self.columns], strict=True), _state=state)
        for part, set_here, set_there in self.related:
            related_instance = part.of(row, alias)
            set_here(instance, related_instance)
            if related_instance is not None:
                set_there(related_instance, instance)
        return instance


def _row_objects(info: Mapping[str, Any], columns: Sequence[Any]) -> RowObjects:
    """Of what Django's compiler says of the columns of a query."""
    model, positions = info["model"], info["select_fields"]
    is_plain = model.__init__ is models.Model.__init__ and model.from_db.__func__ is models.Model.from_db.__func__  # type: ignore[attr-defined]
    has_listeners = any(signal.has_listeners(model) for signal in (models.signals.pre_init, models.signals.post_init))
    if not is_plain or has_listeners or info.get("from_parent"):
        raise TypeError(f"{model.__name__} is not made of its columns alone: ask for it without preparing")
    first_position, end_position = positions[0], positions[-1] + 1
    names = tuple(column.target.attname for column in columns[first_position:end_position])
    related_infos = info.get("related_klass_infos", ())
    return RowObjects(
        model=model,
        names=names,
        columns=slice(first_position, end_position),
        key=first_position + names.index(model._meta.pk.attname),  # noqa: SLF001
        related=tuple(
            (_row_objects(related_info, columns), related_info["local_setter"], related_info["remote_setter"])
            for related_info in related_infos
        ),
    )
