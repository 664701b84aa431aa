"""The throw-away database of a simulation: SQLite in memory, in place of this thread's own while a block runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.core.management import call_command
from django.db import connection, connections
from django.db.utils import ConnectionHandler

QUICK = "PRAGMA foreign_keys=ON; PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY; PRAGMA temp_store=MEMORY;"


@contextmanager
def throw_away() -> Iterator[None]:
    """Whatever this thread does with the market's database, it does with an empty one in memory."""
    alias = connection.alias
    own = connections[alias]
    made = ConnectionHandler(
        {
            alias: {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": ":memory:",
                "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": QUICK},
            }
        }
    )[alias]
    connections[alias] = made
    try:
        yield
    finally:
        connections[alias] = own
        if made.connection is not None:
            made.connection.close()  # Django leaves a database in memory open, since closing forgets it


def migrate(template: Path | None) -> None:
    """Bring the empty database to this version, from a copy of a migrated one where there is one."""
    connection.ensure_connection()
    if template is not None and template.is_file():
        with closing(sqlite3.connect(f"file:{template}?mode=ro", uri=True)) as source:
            source.backup(connection.connection)
    call_command("migrate", verbosity=0, interactive=False)


def keep() -> sqlite3.Connection:
    """A copy of the whole database, to begin another run with."""
    kept = sqlite3.connect(":memory:")
    connection.connection.backup(kept)
    return kept


def begin_with(kept: sqlite3.Connection) -> None:
    connection.ensure_connection()
    kept.backup(connection.connection)
