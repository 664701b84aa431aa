"""Bulk statements on both databases: many rows as a table made from one JSON parameter.

Drivers spend most of a bulk write on quoting single parameters. One JSON text is encoded here and decoded in the
database, both in C. The same statement works on PostgreSQL and SQLite, but inserts into SQLite use one parameter per
value.

An update that also checks the previous values compares with columns of the batch, never with constants. With ``state
= 1``, PostgreSQL's planner expects a handful of rows, finds them by the small partial index and compares each with
each row of the batch: 400,000 comparisons for 512 rows, measured."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import batched
from typing import Any

import msgspec
from django.db import IntegrityError, connection, models

_encode = msgspec.json.Encoder().encode

UNIQUE_VIOLATION = "23505"
"""PostgreSQL's error code."""

type Statement = tuple[str, Sequence[Any]]
"""A statement, or a part of one, and its parameters."""


def moment(at: datetime | None) -> str | None:
    """Return a time in the form of a JSON row and of a column in either database."""
    if at is None:
        return None
    utc = str(at if at.tzinfo is UTC else at.astimezone(UTC))  # in Django's format: SQLite compares the texts
    return utc if connection.vendor == "postgresql" else utc.removesuffix("+00:00")


def aware(value: datetime | str) -> datetime:
    """Return an aware time: SQLite returns the times of a raw statement as UTC text without an offset."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def recordset(columns: Mapping[str, str], name: str = "r") -> str:
    """Return SQL of a table ``name`` with these columns and PostgreSQL types, built from the parameter at this
    position."""
    if connection.vendor == "postgresql":
        typed_columns = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        return f"json_to_recordset(%s::json) AS {name}({typed_columns})"
    picked_columns = ", ".join(f"value->>'{column}' AS \"{column}\"" for column in columns)
    return f"(SELECT {picked_columns} FROM json_each(%s)) AS {name}"


def table(columns: Mapping[str, str], values: Sequence[Sequence[Any]], name: str = "r") -> Statement:
    """Return SQL and parameters of a table ``name`` with these columns and PostgreSQL types that contains ``values``.

    ``values`` has texts without NUL, whole numbers, booleans and None, row by row in the order of the columns. Use it
    instead of ``recordset`` for tens of thousands of rows: PostgreSQL receives one array per column, which costs less
    than JSON objects (for usage records with all their indexes, 7 % of its time, measured)."""
    names = ", ".join(columns)
    if connection.vendor == "postgresql":
        arrays = ", ".join(f"%s::{kind}[]" for kind in columns.values())
        columns_of_values = zip(*values, strict=True) if values else [() for _ in columns]
        return f"unnest({arrays}) AS {name}({names})", [_array(column) for column in columns_of_values]
    picked_columns = ", ".join(f"value->>{position} AS {column}" for position, column in enumerate(columns))
    return f"(SELECT {picked_columns} FROM json_each(%s)) AS {name}", [_encode(values).decode()]


def _array(values: Sequence[Any]) -> str:
    """Format a PostgreSQL array. Columns with only plain texts, or only numbers, are formatted without checking each
    value."""
    kinds = set(map(type, values))
    if kinds == {str}:
        joined_values = '","'.join(values)
        if "\\" not in joined_values and joined_values.count('"') == 2 * (len(values) - 1):
            return f'{{"{joined_values}"}}'
    elif kinds == {int}:
        return "{" + ",".join(map(str, values)) + "}"
    return "{" + ",".join([_element(value) for value in values]) + "}"


def _element(value: Any) -> str:
    if isinstance(value, str):
        text = value.replace("\\", "\\\\").replace('"', '\\"') if "\\" in value or '"' in value else value
        return f'"{text}"'
    return "NULL" if value is None else str(value)


def among(column: str, values: Iterable[str | int]) -> Statement:
    """Return SQL of the condition that a column has one of these values, and its single parameter."""
    if connection.vendor == "postgresql":
        return f"{column} = ANY(%s)", [list(values)]
    return f"{column} IN (SELECT value FROM json_each(%s))", [_encode(list(values)).decode()]


def unindexed(column: str) -> str:
    """Return the column for a condition that must not use an index.

    SQLite has no row counts. It would prefer an index on the few kinds of jobs to the one in the order of time, and
    sort all their rows to find the first."""
    return f"+{column}" if connection.vendor == "sqlite" else column


_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def as_json(rows: Iterable[Mapping[str, Any]]) -> str:
    r"""Encode the parameter of ``recordset``. PostgreSQL text cannot contain NUL: it is replaced by the four
    characters ``\x00``."""
    text = _encode(list(rows)).decode()
    return _NUL.sub(r"\1\\\\x00", text) if "\\u0000" in text else text


def placeholders(values: Collection[Any]) -> str:
    """Return the placeholders of a list of values."""
    return ", ".join(["%s"] * len(values))


def run(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Execute a statement and return its rows; empty for a statement without RETURNING."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def run_together(*statements: Statement) -> list[list[tuple[Any, ...]]]:
    """Execute statements in order and return the rows of each. PostgreSQL receives them as one message.

    On a busy machine, the round trip costs more than most statements. Each statement still sees what was committed
    before it began."""
    options = connection.settings_dict["OPTIONS"]
    # With server-side binding, a message holds only one statement.
    if connection.vendor != "postgresql" or options.get("server_side_binding"):
        return [run(*statement) for statement in statements]
    with connection.cursor() as cursor:
        cursor.execute(
            "; ".join(text for text, _ in statements), [value for _, values in statements for value in values]
        )
        results = [cursor.fetchall() if cursor.description else []]
        while cursor.nextset():
            results.append(cursor.fetchall() if cursor.description else [])
        return results


def has_any(queryset: models.QuerySet[Any, Any]) -> bool:
    """Return whether a queryset has rows, by reading only keys. Use it before a query that joins many tables and is
    usually empty.

    Compiling and planning the full query takes longer than everything that is done if nothing is found."""
    return bool(queryset.order_by().values_list("pk", flat=True))


def insert(
    table: str, columns: Mapping[str, str], new: Iterable[Mapping[str, Any]], *, unique: str = "", give: str = "id"
) -> list[tuple[Any, ...]]:
    """Insert rows of these columns (with their PostgreSQL types). Return the columns ``give`` of the inserted rows.

    A row that conflicts in the columns ``unique`` is left unchanged. Names are constants of the code, never input."""
    if connection.vendor == "postgresql":
        return run(*insertion(table, columns, new, unique=unique, give=give))
    returned_rows: list[tuple[Any, ...]] = []
    for batch in batched(new, max(MAX_PARAMETERS // len(columns), 1)):
        returned_rows += run(*_insertion_by_values(table, columns, batch, unique=unique, give=give))
    return returned_rows


MAX_PARAMETERS = 30_000
"""Parameters per statement; SQLite accepts 32,766."""


def _insertion_by_values(
    table: str, columns: Mapping[str, str], new_rows: Sequence[Mapping[str, Any]], *, unique: str, give: str
) -> Statement:
    """Return an insert with one parameter per value, for SQLite.

    It takes three fifths of the time of a JSON parameter (order lines, measured): SQLite would parse the JSON row
    again for each value."""
    row = f"({placeholders(columns)})"
    text = f"INSERT INTO {table} {_names(columns)} VALUES {', '.join([row] * len(new_rows))}{_on_conflict(unique)} RETURNING {give}"
    return text, [_bound(new_row.get(column)) for new_row in new_rows for column in columns]


def _bound(value: Any) -> Any:
    """Convert a value as JSON would."""
    if type(value) is str:
        return value.replace("\0", "\\x00") if "\0" in value else value
    if value is None or type(value) in {int, bool, float}:
        return value
    if isinstance(value, dict | list | tuple):
        return as_json([value])[1:-1]  # type: ignore[list-item]  # any value
    return _bound(msgspec.to_builtins(value))


def insertion(
    table: str, columns: Mapping[str, str], new: Iterable[Mapping[str, Any]], *, unique: str = "", give: str = "id"
) -> Statement:
    """Return the statement of ``insert``, to be sent with others."""
    names, end = _names(columns), f"{_on_conflict(unique)} RETURNING {give}"
    return f"INSERT INTO {table} {names} SELECT {names[1:-1]} FROM {recordset(columns)} WHERE true{end}", [as_json(new)]


def _names(columns: Iterable[str]) -> str:
    return f"({', '.join(f'"{column}"' for column in columns)})"  # one of our columns is an SQL keyword


def _on_conflict(unique: str) -> str:
    return f" ON CONFLICT ({unique}) DO NOTHING" if unique else ""


def insert_mostly_new(text: str, parameters: Sequence[Any]) -> list[int]:
    """Execute an ``INSERT`` in a transaction and return the keys of its rows; rows that violate a unique constraint
    are skipped.

    Use it if conflicts are rare. With ``ON CONFLICT``, PostgreSQL searches every unique index twice per row, a fifth
    of the time to write a usage record with all its indexes (measured). So the rows are first inserted without it;
    after a conflict they are inserted again with it."""
    if connection.vendor == "postgresql":
        try:
            _begun, keys, _ended = run_together(
                ("SAVEPOINT mostly_new", ()), (f"{text} RETURNING id", parameters), ("RELEASE SAVEPOINT mostly_new", ())
            )
        except IntegrityError as conflict:
            if getattr(conflict.__cause__, "sqlstate", "") != UNIQUE_VIOLATION:
                raise
            run_together(("ROLLBACK TO SAVEPOINT mostly_new", ()), ("RELEASE SAVEPOINT mostly_new", ()))
        else:
            return [pk for (pk,) in keys]
    return [pk for (pk,) in run(f"{text} ON CONFLICT DO NOTHING RETURNING id", parameters)]


def create[M: models.Model](new: Iterable[M]) -> list[M]:
    """Insert objects of one model and return them with their keys.

    ``bulk_create`` passes each value as a parameter; this takes half its time for 250 calls on PostgreSQL (measured).
    For models with a key that the database generates; for small batches use ``bulk_create``. Raises ``TypeError`` for
    a value that JSON cannot represent for its column."""
    objects = list(new)
    if not objects:
        return objects
    model = type(objects[0])
    columns, attributes = _columns_of(model, connection.vendor)
    values = ({column: _plain(getattr(instance, name)) for column, name in attributes} for instance in objects)
    keys = sorted(insert(model._meta.db_table, columns, values))  # noqa: SLF001  # the keys grow in the order of the objects
    for instance, (pk,) in zip(objects, keys, strict=True):
        instance.pk = pk
        instance._state.adding = False  # noqa: SLF001
        instance._state.db = connection.alias  # noqa: SLF001
    return objects


def columns_of(model: type[models.Model]) -> Mapping[str, str]:
    """Return all columns of a model except its key, with their types in this database, for ``insert``."""
    return _columns_of(model, connection.vendor)[0]


@cache
def _columns_of(model: type[models.Model], _vendor: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return the columns with their types in this database, and the attribute that fills each."""
    columns, attributes = {}, []
    for field in model._meta.concrete_fields:  # noqa: SLF001
        kind = field.rel_db_type(connection) if field.is_relation else field.db_type(connection)
        if not field.primary_key and field.column is not None and kind is not None:
            columns[field.column] = kind
            attributes.append((field.column, field.attname))
    return columns, attributes


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, models.Expression):
        raise TypeError(f"{value!r} is made by the database, and is no value")
    return value


def update(table: str, columns: Mapping[str, str], changed: Iterable[Mapping[str, Any]]) -> None:
    """Update the columns (with their PostgreSQL types) of the rows with these ids. Names are constants of the code,
    never input."""
    changed = list(changed)
    if not changed:
        return
    values = ", ".join(f"{name} = r.{name}" for name in columns)
    text = f"UPDATE {table} SET {values} FROM {recordset({'id': 'bigint', **columns})} WHERE {table}.id = r.id"
    # PostgreSQL assumes a hundred rows for a record set, and would read a table of ten thousand for them; the list of
    # keys gives the number.
    if len(changed) == 1 or connection.vendor == "postgresql":
        condition, keys = among(f"{table}.id", [changed_row["id"] for changed_row in changed])
        run(f"{text} AND {condition}", [as_json(changed), *keys])
    else:
        run(text, [as_json(changed)])


def value(column: Any) -> Any:
    """Return a JSON column of a raw statement, which drivers return as text or decoded."""
    return msgspec.json.decode(column) if isinstance(column, str | bytes) else column
