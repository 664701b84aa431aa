"""Temporary database of a simulation: SQLite in memory, instead of this thread's own while a block runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.core.management import call_command
from django.db import connection, connections
from django.db.utils import ConnectionHandler

INIT_COMMAND = "PRAGMA foreign_keys=ON; PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY; PRAGMA temp_store=MEMORY;"


@contextmanager
def temporary_database() -> Iterator[None]:
    """Replace this thread's database with an empty one in memory."""
    alias = connection.alias
    original = connections[alias]
    temporary = ConnectionHandler(
        {
            alias: {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": ":memory:",
                "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": INIT_COMMAND},
            }
        }
    )[alias]
    connections[alias] = temporary
    try:
        yield
    finally:
        connections[alias] = original
        if temporary.connection is not None:
            temporary.connection.close()  # Django keeps a database in memory open, since closing deletes it


def migrate(template: Path | None) -> None:
    """Migrate the empty database to this version, starting from a copy of a migrated one if there is one."""
    connection.ensure_connection()
    if template is not None and template.is_file():
        with closing(sqlite3.connect(f"file:{template}?mode=ro", uri=True)) as source:
            source.backup(connection.connection)
    call_command("migrate", verbosity=0, interactive=False)


def copy_database() -> sqlite3.Connection:
    """Return a copy of the whole database, to start another run from."""
    copy = sqlite3.connect(":memory:")
    connection.connection.backup(copy)
    return copy


def restore(copy: sqlite3.Connection) -> None:
    connection.ensure_connection()
    copy.backup(connection.connection)
