"""Read a market's database from outside, and make changes that no command makes."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing

import psycopg

from tests.cli.command_line import Market

TABLES = (
    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1",
)


def query(market: Market, statement: str) -> list[tuple]:
    if market.database:
        with psycopg.connect(market.database) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []
    with closing(sqlite3.connect(market.folder / "tradepost.sqlite3")) as file, file:
        return file.execute(statement).fetchall()


def content(market: Market) -> dict[str, str]:
    """Return a hash of the rows of each table."""
    tables = [name for (name,) in query(market, TABLES[0] if market.database else TABLES[1])]
    return {
        name: hashlib.sha256(repr(sorted(map(repr, query(market, f'SELECT * FROM "{name}"')))).encode()).hexdigest()
        for name in tables
    }


def identity(market: Market) -> list[tuple]:
    return query(market, "SELECT market_id, mode FROM base_marketidentity")
