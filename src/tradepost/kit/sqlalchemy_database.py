"""What the stores on SQLAlchemy share: which databases they know, their columns, and transactions that are done again."""

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
TRIES = 5
# What databases say when two transactions met and one was sent away: nothing of it remains, so it is done again.
SENT_AWAY = frozenset({"40001", "40P01", 1213, 1205})
DIALECTS = ("postgresql", "mysql", "mariadb", "sqlite")
"""Those for which a way is known to insert a row once, however many try."""

HASH = sa.CHAR(64).with_variant(mysql.CHAR(64, charset="ascii", collation="ascii_bin"), "mysql", "mariadb")
# utf8mb4 whatever the database's default: MySQL's old utf8 has no place for a character beyond the first plane.
TEXT = sa.Text().with_variant(mysql.TEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")


def open_database(database: str | sa.URL | sa.Engine) -> tuple[sa.Engine, sa.Engine]:
    """The engine, and the same for transactions. Raises ``ValueError`` for a database of a kind that is not known here."""
    engine = database if isinstance(database, sa.Engine) else sa.create_engine(database, pool_pre_ping=True)
    dialect = engine.dialect.name
    if dialect not in DIALECTS:
        raise ValueError(
            f"this store cannot use {dialect}; it knows {', '.join(DIALECTS)}. For any other database write an"
            " object with the methods of tradepost.kit.Store"
        )
    # Each statement must see what others have committed: MySQL's default would show the past of the transaction.
    return engine, engine if dialect == "sqlite" else engine.execution_options(isolation_level="READ COMMITTED")


def attempt[T](transaction: Callable[[], T], *, again_on: type[DBAPIError] | None = None) -> T:
    """Do it again when it was sent away, or raised ``again_on``; the last try raises what it raises."""
    for _ in range(TRIES - 1):
        try:
            return transaction()
        except DBAPIError as error:
            if not _sent_away(error) and (again_on is None or not isinstance(error, again_on)):
                raise
    return transaction()


def _sent_away(error: DBAPIError) -> bool:
    raised = error.orig
    number = raised.args[0] if raised is not None and raised.args else None
    # psycopg names it sqlstate, psycopg2 pgcode.
    state = getattr(raised, "sqlstate", None) or getattr(raised, "pgcode", None)
    return state in SENT_AWAY or (isinstance(number, int) and number in SENT_AWAY)


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def milliseconds(moment: datetime) -> int:
    """Since 1970, as columns hold it."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def moment(milliseconds: int) -> datetime:
    return EPOCH + timedelta(milliseconds=milliseconds)
