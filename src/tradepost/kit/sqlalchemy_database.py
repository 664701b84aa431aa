"""Shared code of the SQLAlchemy stores: supported databases, columns, and transactions with retries."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Callable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_ATTEMPTS = 5
# Error codes of a transaction that was rolled back because of a conflict, so that it can be retried.
CONFLICT_CODES = frozenset({"40001", "40P01", 1213, 1205})
DIALECTS = ("postgresql", "mysql", "mariadb", "sqlite")
"""Databases with a known way to insert a row once under concurrency."""

HASH = sa.CHAR(64).with_variant(mysql.CHAR(64, charset="ascii", collation="ascii_bin"), "mysql", "mariadb")
# utf8mb4 independent of the database's default: MySQL's old utf8 has no characters beyond the first plane.
TEXT = sa.Text().with_variant(mysql.TEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")


def open_database(database: str | sa.URL | sa.Engine) -> tuple[sa.Engine, sa.Engine]:
    """Return the engine, and an engine for transactions. Raises ``ValueError`` for an unsupported database."""
    engine = database if isinstance(database, sa.Engine) else sa.create_engine(database, pool_pre_ping=True)
    dialect = engine.dialect.name
    if dialect not in DIALECTS:
        raise ValueError(
            f"this store cannot use {dialect}; it knows {', '.join(DIALECTS)}. For any other database write an"
            " object with the methods of tradepost.kit.Store"
        )
    # Each statement must see committed data: MySQL's default would show the state at the transaction's start.
    return engine, engine if dialect == "sqlite" else engine.execution_options(isolation_level="READ COMMITTED")


def attempt[T](transaction: Callable[[], T], *, retry_on: type[DBAPIError] | None = None) -> T:
    """Run the transaction again after a conflict or ``again_on``; the last attempt raises its error."""
    for _ in range(MAX_ATTEMPTS - 1):
        try:
            return transaction()
        except DBAPIError as error:
            if not _is_conflict(error) and (retry_on is None or not isinstance(error, retry_on)):
                raise
    return transaction()


def _is_conflict(error: DBAPIError) -> bool:
    original_error = error.orig
    number = original_error.args[0] if original_error is not None and original_error.args else None
    # psycopg calls it sqlstate, psycopg2 pgcode.
    state = getattr(original_error, "sqlstate", None) or getattr(original_error, "pgcode", None)
    return state in CONFLICT_CODES or (isinstance(number, int) and number in CONFLICT_CODES)


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def milliseconds(moment: datetime) -> int:
    """Return milliseconds since 1970, as stored in columns."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def moment(milliseconds: int) -> datetime:
    return EPOCH + timedelta(milliseconds=milliseconds)
