"""A small SQLite file for each kind of product; a connection per statement makes it thread-safe."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any


class Database:
    def __init__(self, path: Path, schema: str) -> None:
        self._path = path
        path.touch(mode=0o600)
        with closing(self._open()) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.executescript(schema)

    def read(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with closing(self._open()) as database:
            return database.execute(statement, values).fetchall()

    def write(self, statement: str, values: Sequence[object] = ()) -> None:
        self.write_all([(statement, values)])

    def write_all(self, statements: Sequence[tuple[str, Sequence[object]]]) -> None:
        """Run all statements, or none."""
        with closing(self._open()) as database, database:
            for statement, values in statements:
                database.execute(statement, values)

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, timeout=10)
        database.execute("PRAGMA foreign_keys = ON")
        return database
