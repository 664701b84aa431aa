"""Read the rows of a person for a copy of their data, in batches and by index, with the columns of their table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from msgspec import Struct
from msgspec import field as struct_field

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.money import Money
from tradepost.market.base.paging import OLDEST, page, page_by_moment
from tradepost.market.base.personal import Exported, Person
from tradepost.market.base.table_files import Cell

BATCH = 25
"""Rows per query, as few as on a page: for more, PostgreSQL would rather scan other people's rows than use the
index."""
MINOR_SUFFIX = "minor"
AMOUNT_SUFFIXES = ("amount", "balance", "balance_after", "total")
"""Suffixes of names of amounts; others get ``_amount``."""
type Row = dict[str, Any]


class Column(Struct, frozen=True, kw_only=True, dict=True):
    """``path``: of ``values()``; ``field``: the model's, None for a computed column."""

    path: str
    field: models.Field[Any, Any] | None = None
    make: Callable[[Mapping[str, Any]], Any] | None = None
    currency: str = ""
    """Path of the currency of an amount; empty for other columns."""
    words: Mapping[str, Promise] = struct_field(default_factory=dict)
    """Labels of its codes, if the model has no choices."""

    @property
    def key(self) -> str:
        """Name in JSON."""
        name = self.path.replace("__", "_")
        if not self.currency:
            return name
        name = name.removesuffix(MINOR_SUFFIX).removesuffix("_")
        return name if name.endswith(AMOUNT_SUFFIXES) else f"{name}_amount".removeprefix("_")

    @cached_property
    def in_english(self) -> str:
        """Path of the same name in English; empty if there is none."""
        names = {field.attname for field in self.field.model._meta.concrete_fields} if self.field else set()  # noqa: SLF001
        return f"{self.path}_en" if f"{self.path.rpartition('__')[2]}_en" in names else ""

    @cached_property
    def labels(self) -> Mapping[Any, Any]:
        """The labels of its codes."""
        return self.words or (dict(self.field.flatchoices) if self.field else {})

    def value(self, row: Row) -> Any:
        """Return the value; amounts in main units, others as stored."""
        if self.make:
            return self.make(row)
        if self.currency and row[self.path] is not None:
            return Money(row[self.path], row[self.currency]).major
        return row[self.path]

    def values(self, row: Row) -> Row:
        """Return the values for programs, by key."""
        english = {f"{self.key}_en": row[self.in_english]} if self.in_english else {}
        return {self.key: self.value(row), **english}

    def cell(self, row: Row) -> Cell:
        """Return the value for people, in the active language."""
        if self.in_english:
            return localised_name({"name": row[self.path], "name_en": row[self.in_english]})
        value = self.value(row)
        if isinstance(value, bool):
            return _("Yes") if value else _("No")
        if isinstance(value, (dict, list, tuple)):
            return json.dumps(value, ensure_ascii=False) if value else ""
        if isinstance(value, float):
            return Decimal(str(value))
        cell: Cell = str(self.labels[value]) if value in self.labels else value
        return cell


def columns(exported: Exported) -> list[Column]:
    result = []
    for path in exported.columns.split():
        currency = exported.currency if path.rpartition("_")[2] == MINOR_SUFFIX else ""
        labels = exported.labels.get(path, {})
        result.append(Column(path=path, field=_field(exported.model, path), currency=currency, words=labels))
    return result + [Column(path=name, make=make) for name, make in exported.made.items()]


def rows(exported: Exported, person: Person) -> Iterator[Row]:
    """Yield the person's rows, oldest first, with the values of ``columns``. At most ``BATCH`` are in memory."""
    value = getattr(person, exported.by)
    if not value:
        return
    further_condition = Q(**{lookup: getattr(person, by) for lookup, by in exported.also.items()})
    selection = Selection(paths=_paths(exported), only=exported.only & further_condition, when=exported.when)
    yield from (row._asdict() for row in _select(exported.model, exported.whose, value, selection))


class Selection(Struct, frozen=True, kw_only=True):
    """``paths``: values to read of each row, the key first. ``only``: a filter. ``when``: see ``Exported``."""

    paths: Sequence[str] = ("pk",)
    only: Q = struct_field(default_factory=Q)
    when: str = ""


def _paths(exported: Exported) -> list[str]:
    all_columns = columns(exported)
    paths = [
        "pk",
        *(column.path for column in all_columns if column.make is None),
        *(column.in_english for column in all_columns if column.in_english),
    ]
    paths += [column.currency for column in all_columns if column.currency]
    paths += [exported.when] if exported.when else []
    paths += [exported.files.sha256, exported.files.name] if exported.files else []
    return list(dict.fromkeys([*paths, *exported.needs]))


def _select(model: type[models.Model], lookup: str, value: Any, selection: Selection) -> Iterator[Any]:
    """Yield named tuples of the rows whose lookup has this value. A lookup through another model runs a query for
    each of its rows."""
    first, _separator, inner_lookup = lookup.partition("__")
    through = None if first == "pk" else model._meta.get_field(first)  # noqa: SLF001
    if inner_lookup and isinstance(through, models.ForeignKey):
        for parent in _select(through.related_model, inner_lookup, value, Selection()):
            yield from _select(model, first, parent.pk, selection)
        return
    queryset: Any = model._base_manager.filter(selection.only, **{lookup: value})  # noqa: SLF001
    queryset = queryset.values_list(*selection.paths, named=True)
    index_columns = () if inner_lookup or first == "pk" else (first,)
    after = OLDEST
    while after:
        if selection.when:
            rows_page = page_by_moment(queryset, selection.when, after=after, size=BATCH, along=index_columns)
        else:
            rows_page = page(queryset, after=after, size=BATCH, along=index_columns)
        yield from rows_page.rows
        after = rows_page.next_key


def _field(model: type[models.Model], path: str) -> models.Field[Any, Any]:
    *through, last = path.split("__")
    for name in through:
        model = model._meta.get_field(name).related_model  # type: ignore[assignment]  # noqa: SLF001
    field: models.Field[Any, Any] = model._meta.get_field(last)  # type: ignore[assignment]  # noqa: SLF001
    return field
