"""Django's compiler of SQL, which remembers what is the same each time: the columns of a model and how their values are read.

A page asks for fifty objects by questions that differ only in their conditions, and a worker asks all day. To put the same forty
columns together again takes Django more than SQLite needs for the answer, and to order by a name it first compares with each of them
what a name cannot be. Whatever is not plain (annotations, values, deferred columns, inheritance, sets) goes Django's own way, and
``tests/market/base/test_remembering_compiler.py`` holds that both come to the same text.

Written against Django 6.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.db.models.expressions import Col

MAX_NAMES = 20_000
"""Names that a connection remembers; the code has a few thousand."""


class SelectedColumns:
    """All columns of a model under an alias, as they stand in a statement."""

    __slots__ = ("columns", "converters", "places")

    def __init__(self, columns: Sequence[tuple[Any, Any, None]], places: Sequence[int]) -> None:
        self.columns = columns
        self.places = places
        self.converters: dict[int, Any] | None = None


class Memory:
    """Of one connection: a connection belongs to a thread, and so does what it remembers."""

    __slots__ = ("columns", "names", "selected")

    def __init__(self) -> None:
        self.names: dict[tuple[str | None, str], str] = {}
        """What a column is called, by alias and column."""
        self.columns: dict[tuple[type, str], list[Any]] = {}
        self.selected: dict[tuple[type, str], SelectedColumns] = {}


_SqlCompiler: Any = object
"""Django's, before which this is put: of what is used here the stubs leave out half."""


class RememberingCompiler(_SqlCompiler):  # type: ignore[misc]  # see above
    """To be put before Django's ``SQLCompiler``. The operations of its connection have a ``memory``."""

    _selected: SelectedColumns | None = None

    def compile(self, node: Any) -> Any:
        if node.__class__ is not Col:
            return super().compile(node)
        names = self.connection.ops.memory.names
        key = (node.alias, node.target.column)
        name = names.get(key)
        if name is None:
            name, _ = super().compile(node)
            if len(names) >= MAX_NAMES:
                names.clear()
            names[key] = name
        return name, ()

    def get_select(self, with_col_aliases: bool = False) -> Any:  # noqa: FBT001, FBT002  # Django's signature
        query = self.query
        if with_col_aliases or query.select_related or not self._is_plain() or not _is_remembered(query.get_meta()):
            return super().get_select(with_col_aliases)
        remembered = self.connection.ops.memory.selected
        key = (query.model, query.get_initial_alias())
        selection = remembered.get(key)
        if selection is None:
            columns, klass_info, _ = super().get_select()
            if klass_info is None:
                return columns, klass_info, {}
            selection = remembered[key] = SelectedColumns(tuple(columns), tuple(klass_info["select_fields"]))
        self._selected = selection
        return list(selection.columns), {"model": query.model, "select_fields": list(selection.places)}, {}

    def get_default_columns(
        self, select_mask: Any, start_alias: str | None = None, opts: Any = None, from_parent: Any = None
    ) -> Any:
        meta = opts or self.query.get_meta()
        if select_mask or from_parent or meta is None or not _is_remembered(meta):
            return super().get_default_columns(select_mask, start_alias, opts, from_parent)
        alias = start_alias or self.query.get_initial_alias()
        remembered = self.connection.ops.memory.columns
        default_columns = remembered.get((meta.model, alias))
        if default_columns is None:
            default_columns = remembered[meta.model, alias] = super().get_default_columns(select_mask, alias, meta)
        return list(default_columns)

    def get_converters(self, expressions: Any) -> Any:
        selection = self._selected
        if (
            selection is None
            or len(expressions) != len(selection.columns)
            or expressions[0] is not selection.columns[0][0]
        ):
            return super().get_converters(expressions)
        if selection.converters is None:
            selection.converters = super().get_converters(expressions)
        return selection.converters

    def _order_by_pairs(self) -> Iterator[Any]:
        """By names alone, which no selected column can be meant by."""
        ordering = self._names_to_order_by()
        if ordering is None:
            yield from super()._order_by_pairs()
            return
        meta, default = self.query.get_meta(), "ASC" if self.query.standard_ordering else "DESC"
        for name in ordering:
            yield from self.find_ordering_name(name, meta, default_order=default)

    def _names_to_order_by(self) -> Sequence[str] | None:
        query = self.query
        if query.extra or query.extra_order_by or query.combinator or query.annotations or query.selected is not None:
            return None
        ordering = query.order_by
        if not ordering and query.default_ordering and (meta := query.get_meta()) and meta.ordering:
            self._meta_ordering = ordering = meta.ordering
        return ordering if all(isinstance(name, str) and name != "?" for name in ordering) else None

    def _is_plain(self) -> bool:
        """Whether exactly the columns of the model are asked for."""
        query = self.query
        return bool(
            query.default_cols
            and not query.extra
            and not query.annotations
            and query.selected is None
            and not query.deferred_loading[0]
        )


def _is_remembered(meta: Any) -> bool:
    """A model of ours without parents: those of a migration are made for it alone, and again for the next."""
    return meta.apps is apps and not meta.parents and not meta.proxy
