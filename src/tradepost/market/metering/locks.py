"""The lock between taking records in and closing a collection: what has a key up to the watermark is committed."""

from __future__ import annotations

from django.db import connection

from tradepost.market.base import rows

_KEY = 0x7573616765  # "usage"


def while_inserting() -> None:
    """Before the first record gets its key, until the transaction ends: no collection closes meanwhile."""
    rows.run_together(*inserting())


def inserting() -> list[rows.Statement]:
    """The same for who executes it together with others."""
    return _lock("pg_advisory_xact_lock_shared")


def while_closing() -> None:
    """Waits for all who insert, and lets nobody begin: the highest key is then above all that will ever appear below it."""
    rows.run_together(*_lock("pg_advisory_xact_lock"))


def _lock(function: str) -> list[rows.Statement]:
    # SQLite has one writer at a time (BEGIN IMMEDIATE).
    return [(f"SELECT {function}(%s)", [_KEY])] if connection.vendor == "postgresql" else []
