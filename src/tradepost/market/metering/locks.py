"""Lock between inserting records and closing a collection, so that all keys up to the watermark are committed."""

from __future__ import annotations

from django.db import connection

from tradepost.market.base import rows

_KEY = 0x7573616765  # "usage"


def while_inserting() -> None:
    """Take the shared lock before the first record gets its key. No collection closes until the transaction ends."""
    rows.run_together(*inserting())


def inserting() -> list[rows.Statement]:
    """Return the same statements, for sending with others."""
    return _lock("pg_advisory_xact_lock_shared")


def while_closing() -> None:
    """Wait for all inserts and block new ones, so that no lower key can appear later."""
    rows.run_together(*_lock("pg_advisory_xact_lock"))


def _lock(function: str) -> list[rows.Statement]:
    # SQLite has one writer at a time (BEGIN IMMEDIATE).
    return [(f"SELECT {function}(%s)", [_KEY])] if connection.vendor == "postgresql" else []
