"""What partial indexes are conditional on is written into statements as it stands in the index: else SQLite does not use them.

SQLite plans a statement without its parameters: that ``state = ?`` will be the ``state = 0`` of an index it cannot tell, nor that
``status = ?`` will be ``NOT (status = 'sent')``, and reads the whole table. So a column in such a condition has lookups of its own.
On SQLite they write out the values of its conditions, and no others, so that there are hardly more different statements than before;
and say of another value that it is none of those that an index leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from django.db import models
from msgspec import Struct

_OPERATORS = {"exact": "=", "gt": ">", "in": "IN"}
_PLAIN = re.compile(r"[\w-]*")


class _Comparison(Struct, frozen=True):
    """In the condition of an index."""

    field: Any
    lookup: str
    value: Any
    negated: bool

    def written(self) -> str:
        several = isinstance(self.value, list | tuple)
        return f"({', '.join(map(_written, self.value))})" if several else _written(self.value)


class WrittenOut:
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
            text, given = self.as_sql(compiler, connection)
            return text, given
        column, before = self.process_lhs(compiler, connection)
        if (written := self.known.get(values)) is not None:
            return f"{column} {self.operator} {written}", before
        text, given = self.as_sql(compiler, connection)
        others = [said for left, said in self.left_out.items() if not left & values] if self.operator != ">" else []
        if others:
            text = f"({' AND '.join([text, *(f'NOT ({column} {said})' for said in others)])})"
        return text, (*given, *before * len(others))


def write_out_conditions(known: Iterable[type[models.Model]]) -> None:
    """Give the columns in conditions of partial indexes of these models their lookups; once all models are there."""
    for model in known:
        constraints = [one for one in model._meta.constraints if isinstance(one, models.UniqueConstraint)]  # noqa: SLF001
        for one in (*model._meta.indexes, *constraints):  # noqa: SLF001
            if one.condition is not None:
                for comparison in _comparisons(model, one.condition, negated=False):
                    _teach(comparison)


def _comparisons(model: type[models.Model], condition: models.Q, *, negated: bool) -> Iterator[_Comparison]:
    negated ^= condition.negated
    for child in condition.children:
        if isinstance(child, models.Q):
            yield from _comparisons(model, child, negated=negated)
        elif isinstance(child, tuple):
            name, _, lookup = child[0].partition("__")
            if (lookup or "exact") in _OPERATORS and _values(child[1]) is not None:
                yield _Comparison(model._meta.get_field(name), lookup or "exact", child[1], negated)  # noqa: SLF001


def _teach(one: _Comparison) -> None:
    lookups = [_own(one.field, name) for name in ("exact", "in", one.lookup)]
    lookups[-1].known[_values(one.value)] = one.written()
    if one.negated:
        for lookup in lookups:
            lookup.left_out[_values(one.value) or frozenset()] = f"{_OPERATORS[one.lookup]} {one.written()}"


def _own(field: Any, name: str) -> type[WrittenOut]:
    """This field's own lookup of that name."""
    lookup = field.get_lookup(name)
    if not issubclass(lookup, WrittenOut):
        own = {"operator": _OPERATORS[name], "known": {}, "left_out": {}}
        lookup = type(f"WrittenOut{lookup.__name__}", (WrittenOut, lookup), own)
        field.register_lookup(lookup, name)
    found: type[WrittenOut] = lookup
    return found


def _values(given: Any) -> frozenset[Any] | None:
    """One value, or several whatever their order; None where it is nothing plain."""
    if isinstance(given, int | str):
        return frozenset([given])
    if isinstance(given, list | tuple | set | frozenset) and all(isinstance(one, int | str) for one in given):
        return frozenset(given)
    return None


def _written(value: int | str) -> str:
    if isinstance(value, int):
        return str(int(value))
    if not _PLAIN.fullmatch(value):
        raise ValueError(f"a condition of an index is about {value!r}, which is not written out")
    return f"'{value}'"
