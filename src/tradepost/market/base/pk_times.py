"""Find rows by time through the primary key, for tables whose keys grow with time.

A list that is ordered by key and filtered by time can then use its existing indexes; an index on the time has another
order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Case, Model, Q, QuerySet, When

from . import rows

SLACK = timedelta(hours=1)
"""Margin: for rows written at about the same time, the order of the keys may differ from that of the times."""


type Within = Callable[[QuerySet[Any], str], QuerySet[Any]]
"""Filters rows by time, given the column with their time."""


def any_time[M: Model](queryset: QuerySet[M], when: str) -> QuerySet[M]:
    """Return the rows unfiltered."""
    del when
    return queryset


def between[M: Model](queryset: QuerySet[M], when: str, since: datetime | None, until: datetime | None) -> QuerySet[M]:
    """Return the rows with ``since <= when < until``; None leaves that end open. Each bound costs one statement,
    which reads about twenty rows."""
    return queryset.filter(time_bounds(queryset.model, when, since, until))


def time_bounds(
    model: type[Model], when: str, since: datetime | None, until: datetime | None, *, through: str = ""
) -> Q:
    """Return the condition of ``between``. ``through``: the name of the foreign key, for rows that refer to the
    model."""
    key, bounds = through or "pk", within(f"{through}__{when}" if through else when, since, until)
    if since is not None:
        bounds &= Q(**{f"{key}__gte": first_key(model, when, since - SLACK)})
    if until is not None:
        bounds &= Q(**{f"{key}__lt": first_key(model, when, until + SLACK)})
    return bounds


def within(when: str, since: datetime | None, until: datetime | None) -> Q:
    """Return ``since <= when < until`` for rows that are also filtered by a range of keys.

    Written as a CASE, for which PostgreSQL ignores the statistics of the column and expects half of the rows. Keys
    and times correlate: it would multiply their selectivities, expect a few rows, and sort all rows of the time range
    instead of reading a page in the order of the key."""
    bounds = {f"{when}__gte": since, f"{when}__lt": until}
    values = {bound: moment for bound, moment in bounds.items() if moment is not None}
    return Q(Case(When(**values, then=True), default=False)) if values else Q()


def first_key(model: type[Model], when: str, moment: datetime) -> int:
    """Return the key of the first row at or after that time, or a key beyond the last row. One statement."""
    prepared_moment = rows.moment(moment)
    [[key]] = rows.run(_halving(model, when), [prepared_moment, prepared_moment])
    return int(key)


def next_row(model: type[Model], when: str, pk: int) -> tuple[int, datetime] | None:
    """Return key and time of the first row at or after this key that has a time."""
    return next(((key, rows.aware(at)) for key, at in rows.run(_statement(model, when), [pk])), None)


@cache
def _halving(model: type[Model], time_field: str) -> str:
    """SQL of a binary search over the keys ``low`` to ``high``. Each step reads the first row from the middle on, and
    its time."""
    table, key, time_column = _names(model, time_field)
    middle = "(s.low + s.high) / 2"
    row = f"FROM {table} WHERE {key} >= {middle} AND {time_column} IS NOT NULL ORDER BY {key} LIMIT 1"
    is_earlier = f"(SELECT {time_column} {row}) < %s"
    return f"""WITH RECURSIVE s(low, high) AS (
        SELECT CAST(0 AS bigint), COALESCE(MAX({key}), 0) + 1 FROM {table}
        UNION ALL
        SELECT CASE WHEN {is_earlier} THEN (SELECT {key} {row}) + 1 ELSE s.low END, CASE WHEN {is_earlier} THEN s.high ELSE {middle} END
        FROM s WHERE s.low < s.high
    ) SELECT low FROM s WHERE low >= high"""  # noqa: S608


@cache
def _statement(model: type[Model], time_field: str) -> str:
    table, key, time_column = _names(model, time_field)
    return f"SELECT {key}, {time_column} FROM {table} WHERE {key} >= %s AND {time_column} IS NOT NULL ORDER BY {key} LIMIT 1"  # noqa: S608


def _names(model: type[Model], time_field: str) -> tuple[str, str, str]:
    """Return the quoted names of table, key and time."""
    meta, quote = model._meta, connection.ops.quote_name  # noqa: SLF001
    columns = {field.name: quote(str(field.column)) for field in meta.concrete_fields}
    return quote(meta.db_table), columns[meta.pk.name], columns[time_field]
