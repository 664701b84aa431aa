"""Joint-operation directory in one SQLite file, for all threads and processes of one machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .rows import KEYS, Application, Client, Key, Row, Session, Tenant, TenantDepartment, User

if TYPE_CHECKING:
    from .directory import Transaction

SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE tenant (
  tenant_id TEXT, instance_id TEXT, code TEXT NOT NULL, name TEXT NOT NULL, domain TEXT NOT NULL,
  PRIMARY KEY (tenant_id, instance_id)
) WITHOUT ROWID;

CREATE TABLE application (
  tenant_id TEXT, app_id TEXT, instance_id TEXT, client_id TEXT NOT NULL, kept_secret TEXT NOT NULL,
  PRIMARY KEY (tenant_id, app_id, instance_id)
) WITHOUT ROWID;

CREATE TABLE user (
  tenant_id TEXT, app_id TEXT, user_name TEXT, instance_id TEXT, name TEXT NOT NULL, org_code TEXT NOT NULL,
  admin INTEGER NOT NULL, enabled INTEGER NOT NULL, authorised INTEGER NOT NULL, profile TEXT NOT NULL,
  PRIMARY KEY (tenant_id, app_id, user_name, instance_id)
) WITHOUT ROWID;

CREATE TABLE department (
  tenant_id TEXT, code TEXT, instance_id TEXT, name TEXT NOT NULL, parent_code TEXT NOT NULL,
  PRIMARY KEY (tenant_id, code, instance_id)
) WITHOUT ROWID;

CREATE TABLE session (
  token_hash TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, app_id TEXT NOT NULL, user_name TEXT NOT NULL,
  expires_at INTEGER NOT NULL, confirmed_until INTEGER NOT NULL, sealed_tokens TEXT NOT NULL, renewing_until INTEGER
) WITHOUT ROWID;

CREATE INDEX session_person ON session (tenant_id, app_id, user_name);

CREATE INDEX session_end ON session (expires_at);
"""
TABLES: Mapping[type[Row], str] = {
    Tenant: "tenant",
    Application: "application",
    User: "user",
    TenantDepartment: "department",
}
COLUMNS = {kind: tuple(field.name for field in fields(kind)) for kind in TABLES}
FLAGS = ("admin", "enabled", "authorised")
SESSION = tuple(field.name for field in fields(Session))
TIMES = ("expires_at", "confirmed_until")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SQLiteDirectory:
    """``Directory`` for one machine. A missing file is created, readable by its owner only."""

    def __init__(self, path: str | Path, *, busy_timeout: float = 10.0) -> None:
        self.path = Path(path)
        self._timeout = busy_timeout
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch(mode=0o600)
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > SCHEMA_VERSION:
                raise RuntimeError(f"{path} was written by a newer Tradepost (schema {version} > {SCHEMA_VERSION})")
            if version < SCHEMA_VERSION:
                for statement in SCHEMA.split(";\n\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            connection.execute("COMMIT")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Open a connection for each use: connections are not shared between threads or with a forked process. Closing
        rolls back."""
        opened_connection = sqlite3.connect(self.path, timeout=self._timeout, isolation_level=None)
        with closing(opened_connection) as connection:
            connection.row_factory = sqlite3.Row
            yield connection

    def change(self, work: Callable[[Transaction], None]) -> None:
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            work(SQLiteTransaction(connection))
            connection.execute("COMMIT")

    def rows[R: Row](self, kind: type[R], tenant_id: str = "") -> list[R]:
        order = ", ".join(KEYS[kind])
        condition = "WHERE tenant_id = ?" if tenant_id else ""
        with self._connection() as connection:
            rows = connection.execute(
                f"SELECT * FROM {TABLES[kind]} {condition} ORDER BY {order}", (tenant_id,) if tenant_id else ()
            ).fetchall()
        return [_row(kind, field) for field in rows]

    def clients(self, tenant_id: str, app_id: str) -> list[Client]:
        with self._connection() as connection:
            connection.execute("BEGIN")
            applications = connection.execute(
                "SELECT * FROM application WHERE tenant_id = ? AND app_id = ? ORDER BY instance_id = '', instance_id",
                (tenant_id, app_id),
            ).fetchall()
            tenant_rows = connection.execute("SELECT * FROM tenant WHERE tenant_id = ?", (tenant_id,)).fetchall()
        tenants = {field["instance_id"]: _row(Tenant, field) for field in tenant_rows}
        return [
            Client(tenant=tenants[field["instance_id"]], application=_row(Application, field))
            for field in applications
            if field["instance_id"] in tenants
        ]

    def person(self, tenant_id: str, app_id: str, user_name: str) -> list[User]:
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT * FROM user WHERE tenant_id = ? AND app_id = ? AND user_name = ? ORDER BY instance_id",
                (tenant_id, app_id, user_name),
            ).fetchall()
        return [_row(User, field) for field in rows]

    # --- sessions --------------------------------------------------------------------------------------------------

    def keep_session(self, session: Session, *, now: datetime) -> None:
        values = {name: getattr(session, name) for name in SESSION}
        row = tuple(_ms(value) if isinstance(value, datetime) else value for value in values.values())
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("DELETE FROM session WHERE expires_at <= ?", (_ms(now),))
            marks = ", ".join("?" * len(SESSION))
            connection.execute(f"INSERT INTO session ({', '.join(SESSION)}) VALUES ({marks})", row)
            connection.execute("COMMIT")

    def session(self, token_hash: str) -> Session | None:
        with self._connection() as connection:
            row = connection.execute("SELECT * FROM session WHERE token_hash = ?", (token_hash,)).fetchone()
        if row is None:
            return None
        values: dict[str, Any] = {name: _moment(row[name]) if name in TIMES else row[name] for name in SESSION}
        return Session(**values)

    def end_session(self, token_hash: str) -> None:
        with self._connection() as connection:
            connection.execute("DELETE FROM session WHERE token_hash = ?", (token_hash,))

    def claim_renewal(self, token_hash: str, *, now: datetime, until: datetime) -> bool:
        with self._connection() as connection:
            claimed_row = connection.execute(
                "UPDATE session SET renewing_until = ? WHERE token_hash = ?"
                " AND (renewing_until IS NULL OR renewing_until <= ?)",
                (_ms(until), token_hash, _ms(now)),
            )
            return claimed_row.rowcount == 1

    def renew_session(self, token_hash: str, *, confirmed_until: datetime, sealed_tokens: str) -> None:
        with self._connection() as connection:
            connection.execute(
                "UPDATE session SET confirmed_until = ?, sealed_tokens = ?, renewing_until = NULL WHERE token_hash = ?",
                (_ms(confirmed_until), sealed_tokens, token_hash),
            )


class SQLiteTransaction:
    """Implements ``Transaction``. The formatted SQL only contains names of tables and columns."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def locked_rows[R: Row](self, kind: type[R], keys: Sequence[Key]) -> list[R]:
        statement = f"SELECT * FROM {TABLES[kind]} WHERE {_equals(kind)}"
        rows = (self._connection.execute(statement, key).fetchone() for key in keys)
        return [_row(kind, field) for field in rows if field is not None]

    def put(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        kind = type(rows[0])
        names = COLUMNS[kind]
        marks = ", ".join("?" * len(names))
        self._connection.executemany(
            f"REPLACE INTO {TABLES[kind]} ({', '.join(names)}) VALUES ({marks})",
            [tuple(getattr(row, name) for name in names) for row in rows],
        )

    def drop(self, kind: type[Row], keys: Sequence[Key]) -> None:
        self._connection.executemany(f"DELETE FROM {TABLES[kind]} WHERE {_equals(kind)}", keys)

    def drop_bound(self, kind: type[Row], instance_id: str, tenant_id: str) -> None:
        self._connection.execute(
            f"DELETE FROM {TABLES[kind]} WHERE tenant_id = ? AND instance_id = ?", (tenant_id, instance_id)
        )

    def end_sessions(self, tenant_id: str) -> None:
        self._connection.execute(
            "DELETE FROM session WHERE tenant_id = ? AND NOT (EXISTS (SELECT 1 FROM user WHERE"
            " user.tenant_id = session.tenant_id AND user.app_id = session.app_id"
            " AND user.user_name = session.user_name AND enabled AND authorised)"
            " AND EXISTS (SELECT 1 FROM application WHERE application.tenant_id = session.tenant_id"
            " AND application.app_id = session.app_id))",
            (tenant_id,),
        )


def _equals(kind: type[Row]) -> str:
    return " AND ".join(f"{name} = ?" for name in KEYS[kind])


def _row[R: Row](kind: type[R], row: sqlite3.Row) -> R:
    values: dict[str, Any] = {name: row[name] for name in COLUMNS[kind]}
    values |= {name: bool(values[name]) for name in FLAGS if name in values}
    return kind(**values)


def _ms(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


def _moment(milliseconds: int) -> datetime:
    return EPOCH + timedelta(milliseconds=milliseconds)
