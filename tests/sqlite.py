"""Lets SQLite forget between tests: tables that refuse every DELETE must still be emptied after a transactional test.

PostgreSQL's TRUNCATE passes by the row triggers that make a ledger append-only; SQLite has DELETE alone. The triggers are put
aside for the flush and stand again before the next test, so that they are tested as they are.
"""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.backends.sqlite3.operations import DatabaseOperations

_sql_flush = DatabaseOperations.sql_flush


def _past_triggers(self: DatabaseOperations, *args: Any, **kwargs: Any) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
    aside = [f'DROP TRIGGER "{name}"' for name, _ in triggers]
    return [*aside, *_sql_flush(self, *args, **kwargs), *(sql for _, sql in triggers)]


def flush_past_triggers() -> None:
    DatabaseOperations.sql_flush = _past_triggers  # type: ignore[assignment, method-assign]
