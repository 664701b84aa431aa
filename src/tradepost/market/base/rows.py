"""Many rows in one statement, on both databases: a table made of one JSON parameter.

Drivers spend most of a bulk write on quoting parameters one by one; one JSON text is encoded here and taken apart in
the database, both in C. The same statement then serves PostgreSQL and SQLite; but rows that are inserted into SQLite have a
parameter for each value.

An update that also looks at what the rows were compares with columns of the batch, never with constants. With
``state = 1`` PostgreSQL's planner expects a handful of rows, finds them by the small partial index and compares each
with each row of the batch: 400,000 comparisons for 512 rows, measured.
"""

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
"""As PostgreSQL calls it."""

type Statement = tuple[str, Sequence[Any]]
"""A statement, or a part of one, and its parameters."""


def moment(at: datetime | None) -> str | None:
    """A time as it stands in a JSON row and in a column of either database."""
    if at is None:
        return None
    utc = str(at if at.tzinfo is UTC else at.astimezone(UTC))  # as Django writes it: SQLite compares the texts
    return utc if connection.vendor == "postgresql" else utc.removesuffix("+00:00")


def aware(value: datetime | str) -> datetime:
    """SQLite gives a raw statement's times as text without their zone, which is UTC."""
    found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def recordset(columns: Mapping[str, str], name: str = "r") -> str:
    """SQL of a table ``name`` with these columns (and their PostgreSQL types), made of the parameter at this place."""
    if connection.vendor == "postgresql":
        typed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        return f"json_to_recordset(%s::json) AS {name}({typed})"
    picked = ", ".join(f"value->>'{column}' AS \"{column}\"" for column in columns)
    return f"(SELECT {picked} FROM json_each(%s)) AS {name}"


def table(columns: Mapping[str, str], values: Sequence[Sequence[Any]], name: str = "r") -> Statement:
    """SQL of a table ``name`` with these columns (and their PostgreSQL types) that holds ``values``, and its parameters: texts
    without NUL, whole numbers, booleans and None, row by row in the order of the columns.

    As ``recordset``, for what is inserted by the ten thousand: to PostgreSQL it goes as an array a column, which costs less of
    its time than as many JSON objects (of usage records, with all their indexes, 7 %, measured).
    """
    names = ", ".join(columns)
    if connection.vendor == "postgresql":
        arrays = ", ".join(f"%s::{kind}[]" for kind in columns.values())
        given = zip(*values, strict=True) if values else [() for _ in columns]
        return f"unnest({arrays}) AS {name}({names})", [_array(column) for column in given]
    picked = ", ".join(f"value->>{place} AS {column}" for place, column in enumerate(columns))
    return f"(SELECT {picked} FROM json_each(%s)) AS {name}", [_encode(values).decode()]


def _array(values: Sequence[Any]) -> str:
    """As PostgreSQL writes an array. A column of plain texts, or of numbers alone, is written without a look at each."""
    kinds = set(map(type, values))
    if kinds == {str}:
        joined = '","'.join(values)
        if "\\" not in joined and joined.count('"') == 2 * (len(values) - 1):
            return f'{{"{joined}"}}'
    elif kinds == {int}:
        return "{" + ",".join(map(str, values)) + "}"
    return "{" + ",".join([_element(value) for value in values]) + "}"


def _element(value: Any) -> str:
    if isinstance(value, str):
        text = value.replace("\\", "\\\\").replace('"', '\\"') if "\\" in value or '"' in value else value
        return f'"{text}"'
    return "NULL" if value is None else str(value)


def among(column: str, values: Iterable[str | int]) -> Statement:
    """SQL of the condition that a column has one of these values, whatever their number, and its parameter."""
    if connection.vendor == "postgresql":
        return f"{column} = ANY(%s)", [list(values)]
    return f"{column} IN (SELECT value FROM json_each(%s))", [_encode(list(values)).decode()]


def unindexed(column: str) -> str:
    """The column in a condition for which no index is to be used. SQLite, which has not counted rows, else takes the few kinds of
    jobs that are asked for as a better way than the order of time, and sorts all of them for the first one."""
    return f"+{column}" if connection.vendor == "sqlite" else column


_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def as_json(rows: Iterable[Mapping[str, Any]]) -> str:
    r"""The parameter of ``recordset``. PostgreSQL has no NUL in text: one becomes the four characters ``\x00``."""
    text = _encode(list(rows)).decode()
    return _NUL.sub(r"\1\\\\x00", text) if "\\u0000" in text else text


def places(values: Collection[Any]) -> str:
    """The placeholders of a list of values."""
    return ", ".join(["%s"] * len(values))


def run(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Execute and give what is returned; empty for a statement without RETURNING."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def run_together(*statements: Statement) -> list[list[tuple[Any, ...]]]:
    """Execute them in their order, and give what each returns. To PostgreSQL they go as one message: on a busy machine
    the way there and back costs more than most statements. Each still sees what was committed before it began."""
    options = connection.settings_dict["OPTIONS"]
    # With parameters bound by the server a message holds one statement.
    if connection.vendor != "postgresql" or options.get("server_side_binding"):
        return [run(*statement) for statement in statements]
    with connection.cursor() as cursor:
        cursor.execute(
            "; ".join(text for text, _ in statements), [value for _, values in statements for value in values]
        )
        found = [cursor.fetchall() if cursor.description else []]
        while cursor.nextset():
            found.append(cursor.fetchall() if cursor.description else [])
        return found


def any_of(found: models.QuerySet[Any, Any]) -> bool:
    """Whether there are any, asked by their keys alone: before a question that joins many tables, where mostly there are none.
    Putting its columns together, and planning it, takes longer than all that is done when nothing is found."""
    return bool(found.order_by().values_list("pk", flat=True))


def insert(
    table: str, columns: Mapping[str, str], new: Iterable[Mapping[str, Any]], *, unique: str = "", give: str = "id"
) -> list[tuple[Any, ...]]:
    """Insert rows of these columns (with their PostgreSQL types); gives the columns ``give`` of those that were inserted.

    A row that is there already, by the columns ``unique``, stays as it is. Names are constants of ours, never input.
    """
    if connection.vendor == "postgresql":
        return run(*insertion(table, columns, new, unique=unique, give=give))
    found: list[tuple[Any, ...]] = []
    for some in batched(new, max(MOST_PARAMETERS // len(columns), 1)):
        found += run(*_of_values(table, columns, some, unique=unique, give=give))
    return found


MOST_PARAMETERS = 30_000
"""Of a statement; SQLite takes 32,766."""


def _of_values(
    table: str, columns: Mapping[str, str], new: Sequence[Mapping[str, Any]], *, unique: str, give: str
) -> Statement:
    """The same rows, with a parameter for each value: SQLite, which is in this process, takes three fifths of the time for that (lines
    of orders, measured); from a JSON text it would read each value anew from its row's beginning."""
    row = f"({places(columns)})"
    text = (
        f"INSERT INTO {table} {_names(columns)} VALUES {', '.join([row] * len(new))}{_unless(unique)} RETURNING {give}"
    )
    return text, [_bound(one.get(column)) for one in new for column in columns]


def _bound(value: Any) -> Any:
    """As it comes out of JSON."""
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
    """The statement of ``insert``, to be sent with others."""
    names, end = _names(columns), f"{_unless(unique)} RETURNING {give}"
    return f"INSERT INTO {table} {names} SELECT {names[1:-1]} FROM {recordset(columns)} WHERE true{end}", [as_json(new)]


def _names(columns: Iterable[str]) -> str:
    return f"({', '.join(f'"{column}"' for column in columns)})"  # one of ours is a word of SQL


def _unless(unique: str) -> str:
    return f" ON CONFLICT ({unique}) DO NOTHING" if unique else ""


def insert_mostly_new(text: str, parameters: Sequence[Any]) -> list[int]:
    """Execute an ``INSERT`` within a transaction, and give the keys of its rows; those that something unique stands against are
    left out.

    For what is there seldom: PostgreSQL looks into every unique index twice for a row that may be left out, which is a fifth of
    what it takes to write a usage record with all its indexes (measured). So the rows are inserted as if none were there; when
    one is, they are inserted once more, one beside the other.
    """
    if connection.vendor == "postgresql":
        try:
            _begun, keys, _ended = run_together(
                ("SAVEPOINT mostly_new", ()), (f"{text} RETURNING id", parameters), ("RELEASE SAVEPOINT mostly_new", ())
            )
        except IntegrityError as there:
            if getattr(there.__cause__, "sqlstate", "") != UNIQUE_VIOLATION:
                raise
            run_together(("ROLLBACK TO SAVEPOINT mostly_new", ()), ("RELEASE SAVEPOINT mostly_new", ()))
        else:
            return [pk for (pk,) in keys]
    return [pk for (pk,) in run(f"{text} ON CONFLICT DO NOTHING RETURNING id", parameters)]


def create[M: models.Model](new: Iterable[M]) -> list[M]:
    """Insert objects of one model and give them with their keys, as ``bulk_create`` does, which passes every value of every
    row as a parameter of its own: 250 calls take half its time on PostgreSQL (measured), which is what it is for. For models
    with a key of the database's making; where no batch is large, ``bulk_create`` will do.

    Raises ``TypeError`` for a value that JSON does not carry as its column needs it.
    """
    objects = list(new)
    if not objects:
        return objects
    model = type(objects[0])
    columns, attributes = _columns_of(model, connection.vendor)
    values = ({column: _plain(getattr(one, name)) for column, name in attributes} for one in objects)
    keys = sorted(insert(model._meta.db_table, columns, values))  # noqa: SLF001  # they grow in the order of the objects
    for one, (pk,) in zip(objects, keys, strict=True):
        one.pk = pk
        one._state.adding = False  # noqa: SLF001
        one._state.db = connection.alias  # noqa: SLF001
    return objects


def columns_of(model: type[models.Model]) -> Mapping[str, str]:
    """For ``insert``: all columns of a model but its key, with their types in this database."""
    return _columns_of(model, connection.vendor)[0]


@cache
def _columns_of(model: type[models.Model], _vendor: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Columns with their types in this database, and the attribute that each is filled from."""
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
    """Set the columns (with their PostgreSQL types) of the rows with these ids. Names are constants of ours, never input."""
    changed = list(changed)
    if not changed:
        return
    values = ", ".join(f"{name} = r.{name}" for name in columns)
    text = f"UPDATE {table} SET {values} FROM {recordset({'id': 'bigint', **columns})} WHERE {table}.id = r.id"
    # PostgreSQL takes a record set for a hundred rows, and reads a table of ten thousand whole for them: the keys say how many.
    if len(changed) == 1 or connection.vendor == "postgresql":
        which, keys = among(f"{table}.id", [one["id"] for one in changed])
        run(f"{text} AND {which}", [as_json(changed), *keys])
    else:
        run(text, [as_json(changed)])


def value(column: Any) -> Any:
    """A JSON column of a raw statement: drivers give it as text or already read."""
    return msgspec.json.decode(column) if isinstance(column, str | bytes) else column
