"""What partial indexes are conditional on is written into statements as it stands in the index: else SQLite does not use them.

SQLite plans a statement without its parameters: that ``state = ?`` will be the ``state = 0`` of an index it cannot tell, nor that
``status = ?`` will be ``NOT (status = 'sent')``, and reads the whole table. So a column in such a condition has lookups of its own.
On SQLite they write out the values of its conditions, and no others, so that there are hardly more different statements than before;
and say of another value that it is none of those that an index leaves out.

Written against Django 6.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from django.db import models
from msgspec import Struct

_OPERATORS = {"exact": "=", "gt": ">", "lt": "<", "in": "IN"}
_PLAIN = re.compile(r"[\w-]*")


class _Comparison(Struct, frozen=True):
    """In the condition of an index."""

    field: Any
    lookup: str
    value: Any
    negated: bool

    def written(self) -> str:
        several = isinstance(self.value, list | tuple)
        return f"({', '.join(map(_literal, self.value))})" if several else _literal(self.value)


class LiteralLookup:
    """Mixed into a lookup of one column."""

    operator: ClassVar[str]
    known: ClassVar[dict[Any, str]]
    """How the values of conditions are written."""
    left_out: ClassVar[dict[frozenset[Any], str]]
    """What follows the column in the condition of an index that leaves these values out."""

    def as_sqlite(self: Any, compiler: Any, connection: Any, **_options: Any) -> tuple[str, Any]:
        """Django asks for this where the database is SQLite."""
        values = _values(self.rhs)
        if values is None:
            text, parameters = self.as_sql(compiler, connection)
            return text, parameters
        column, before = self.process_lhs(compiler, connection)
        if (written_condition := self.known.get(values)) is not None:
            return f"{column} {self.operator} {written_condition}", before
        text, parameters = self.as_sql(compiler, connection)
        exclusions = (
            [exclusion for excluded_values, exclusion in self.left_out.items() if not excluded_values & values]
            if self.operator in {"=", "IN"}
            else []
        )
        if exclusions:
            text = f"({' AND '.join([text, *(f'NOT ({column} {exclusion})' for exclusion in exclusions)])})"
        return text, (*parameters, *before * len(exclusions))


def register_literal_lookups(known: Iterable[type[models.Model]]) -> None:
    """Give the columns in conditions of partial indexes of these models their lookups; once all models are there."""
    for model in known:
        constraints = [index for index in model._meta.constraints if isinstance(index, models.UniqueConstraint)]  # noqa: SLF001
        for index in (*model._meta.indexes, *constraints):  # noqa: SLF001
            if index.condition is not None:
                for comparison in _comparisons(model, index.condition, negated=False):
                    _register_lookups(comparison)


def _comparisons(model: type[models.Model], condition: models.Q, *, negated: bool) -> Iterator[_Comparison]:
    negated ^= condition.negated
    for child in condition.children:
        if isinstance(child, models.Q):
            yield from _comparisons(model, child, negated=negated)
        elif isinstance(child, tuple):
            name, _, lookup = child[0].partition("__")
            if (lookup or "exact") in _OPERATORS and _values(child[1]) is not None:
                yield _Comparison(model._meta.get_field(name), lookup or "exact", child[1], negated)  # noqa: SLF001


def _register_lookups(comparison: _Comparison) -> None:
    lookups = [_own_lookup(comparison.field, name) for name in ("exact", "in", comparison.lookup)]
    lookups[-1].known[_values(comparison.value)] = comparison.written()
    if comparison.negated:
        for lookup in lookups:
            lookup.left_out[_values(comparison.value) or frozenset()] = (
                f"{_OPERATORS[comparison.lookup]} {comparison.written()}"
            )


def _own_lookup(field: Any, name: str) -> type[LiteralLookup]:
    """This field's own lookup of that name."""
    lookup = field.get_lookup(name)
    if not issubclass(lookup, LiteralLookup):
        attributes = {"operator": _OPERATORS[name], "known": {}, "left_out": {}}
        lookup = type(f"WrittenOut{lookup.__name__}", (LiteralLookup, lookup), attributes)
        field.register_lookup(lookup, name)
    own_lookup: type[LiteralLookup] = lookup
    return own_lookup


def _values(value: Any) -> frozenset[Any] | None:
    """One value, or several whatever their order; None where it is nothing plain."""
    if isinstance(value, int | str):
        return frozenset([value])
    if isinstance(value, list | tuple | set | frozenset) and all(isinstance(item, int | str) for item in value):
        return frozenset(value)
    return None


def _literal(value: int | str) -> str:
    if isinstance(value, int):
        return str(int(value))
    if not _PLAIN.fullmatch(value):
        raise ValueError(f"a condition of an index is about {value!r}, which is not written out")
    return f"'{value}'"
