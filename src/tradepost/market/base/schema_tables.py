"""Read the schema of all tables in a few statements. Django's own introspection queries table by table, which takes
half a second."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from django.db import connection
from msgspec import Struct, field

from .rows import run


class Column(Struct, frozen=True):
    may_be_empty: bool
    fills_itself: bool


class Key(Struct, frozen=True):
    """An index or unique constraint. ``columns``: None for an expression.

    ``partial``: covers only some rows, unless these are all rows with a value: a unique index never compares NULLs
    anyway."""

    unique: bool
    columns: tuple[str | None, ...]
    partial: bool


class Table(Struct, frozen=True):
    columns: dict[str, Column] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    checks: set[str] = field(default_factory=set)


_COLUMNS = {
    "sqlite": """SELECT m.name, c.name, NOT c."notnull", c.dflt_value IS NOT NULL
        FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'""",
    "postgresql": """SELECT t.relname, a.attname, NOT a.attnotnull, a.atthasdef OR a.attidentity <> ''
        FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid
        WHERE t.relkind IN ('r', 'p') AND t.relnamespace = current_schema()::regnamespace
        AND a.attnum > 0 AND NOT a.attisdropped""",
}
_KEYS = {
    "sqlite": """SELECT m.name, i.name, i."unique", i.partial, x.name
        FROM sqlite_master m, pragma_index_list(m.name) i, pragma_index_info(i.name) x
        WHERE m.type = 'table' ORDER BY m.name, i.name, x.seqno""",
    # An invalid index is left over from a failed creation.
    "postgresql": """SELECT t.relname, i.relname, x.indisunique, x.indpred IS NOT NULL
            AND pg_get_expr(x.indpred, t.oid) <> format('(%%I IS NOT NULL)', coalesce(a.attname, '')), a.attname
        FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
        CROSS JOIN LATERAL unnest(x.indkey) WITH ORDINALITY AS k(number, place)
        LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number AND k.number > 0
        WHERE t.relnamespace = current_schema()::regnamespace AND x.indisvalid AND k.place <= x.indnkeyatts
        ORDER BY t.relname, i.relname, k.place""",
}
_CHECKS = """SELECT t.relname, c.conname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
    WHERE c.contype = 'c' AND t.relnamespace = current_schema()::regnamespace"""
_NAMED = re.compile(r'CONSTRAINT "(\w+)" (?:(CHECK)|UNIQUE \(([^)]*)\))')


def tables() -> dict[str, Table]:
    """Return all tables by name."""
    by_name: defaultdict[str, Table] = defaultdict(Table)
    vendor = connection.vendor
    for table, name, nullable, has_default in run(_COLUMNS[vendor], []):
        by_name[table].columns[name] = Column(bool(nullable), bool(has_default))
    for table, name, unique, is_partial, column in run(_KEYS[vendor], []):
        earlier_key = by_name[table].keys.get(name, Key(bool(unique), (), bool(is_partial)))
        by_name[table].keys[name] = Key(earlier_key.unique, (*earlier_key.columns, column), earlier_key.partial)
    if vendor == "postgresql":
        for table, name in run(_CHECKS, []):
            by_name[table].checks.add(name)
    else:
        _named_in_sql(by_name, run("SELECT name, sql FROM sqlite_master WHERE type = 'table'", []))
    return dict(by_name)


def _named_in_sql(by_name: dict[str, Table], created_indexes: Iterable[tuple[str, str]]) -> None:
    """Read constraint names from the CREATE statements: SQLite stores them only there."""
    for table, statement in created_indexes:
        for name, check, columns in _NAMED.findall(statement or ""):
            if check:
                by_name[table].checks.add(name)
            else:
                by_name[table].keys[name] = Key(
                    unique=True, columns=tuple(re.findall(r'"(\w+)"', columns)), partial=False
                )
