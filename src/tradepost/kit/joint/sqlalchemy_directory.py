"""Joint-operation directory in a database that several machines share: PostgreSQL, MySQL and MariaDB, or SQLite.

As in ``sqlalchemy_store``, texts are searched by their SHA-256, since MySQL compares without case.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from tradepost.kit.sqlalchemy_database import HASH, TEXT, attempt, hashed, milliseconds, moment, open_database

from .rows import Application, Client, Key, Row, Session, Tenant, TenantDepartment, User, key_of

if TYPE_CHECKING:
    from datetime import datetime

    from .directory import Transaction

FLAGS = ("admin", "enabled", "authorised")
TIMES = ("expires_at", "confirmed_until")
SESSION = tuple(field.name for field in fields(Session))

tables = sa.MetaData()


def _table(name: str, kind: type[Row]) -> sa.Table:
    """``key_hash``: of the complete key; ``found_hash``: of the key without its instance; ``bound_hash``: of the
    binding."""
    columns = [
        sa.Column(field.name, sa.Boolean if field.name in FLAGS else TEXT, nullable=False) for field in fields(kind)
    ]
    return sa.Table(
        f"tradepost_joint_{name}",
        tables,
        sa.Column("key_hash", HASH, primary_key=True),
        sa.Column("tenant_hash", HASH, nullable=False, index=True),
        sa.Column("found_hash", HASH, nullable=False, index=True),
        sa.Column("bound_hash", HASH, nullable=False, index=True),
        *columns,
    )


TABLES: Mapping[type[Row], sa.Table] = {
    Tenant: _table("tenant", Tenant),
    Application: _table("application", Application),
    User: _table("user", User),
    TenantDepartment: _table("department", TenantDepartment),
}
sessions = sa.Table(
    "tradepost_joint_session",
    tables,
    sa.Column("token_hash", HASH, primary_key=True),
    sa.Column("tenant_hash", HASH, nullable=False, index=True),
    sa.Column("application_hash", HASH, nullable=False),
    sa.Column("person_hash", HASH, nullable=False),
    sa.Column("tenant_id", TEXT, nullable=False),
    sa.Column("app_id", TEXT, nullable=False),
    sa.Column("user_name", TEXT, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False, index=True),
    sa.Column("confirmed_until", sa.BigInteger, nullable=False),
    sa.Column("sealed_tokens", TEXT, nullable=False),
    sa.Column("renewing_until", sa.BigInteger),
)


class SQLAlchemyDirectory:
    """``Directory`` for sellers on several machines. Needs ``pip install "tradepost[sqlalchemy]"`` and a driver.

    ``database``: a URL or your own engine. Missing tables (five, ``tradepost_joint_…``) are created; with
    ``make_tables=False`` your migrations create them from ``sqlalchemy_directory.tables``. Raises ``ValueError`` for an
    unsupported database.
    """

    def __init__(self, database: str | sa.URL | sa.Engine, *, make_tables: bool = True) -> None:
        self.engine, self._connect = open_database(database)
        if make_tables:
            # Each table is checked by its name: if two processes start at the same time, the second may fail.
            attempt(lambda: tables.create_all(self.engine), retry_on=DBAPIError)

    def change(self, work: Callable[[Transaction], None]) -> None:
        def transaction() -> None:
            with self._connect.begin() as connection:
                if self.engine.dialect.name == "sqlite":
                    # Takes the file's lock before reading, so that the rows read cannot change.
                    connection.execute(sa.delete(sessions).where(sessions.c.token_hash == ""))
                work(SQLAlchemyTransaction(connection))

        attempt(transaction)

    def rows[R: Row](self, kind: type[R], tenant_id: str = "") -> list[R]:
        table = TABLES[kind]
        query = sa.select(table)
        if tenant_id:
            query = query.where(table.c.tenant_hash == _hash((tenant_id,)))
        return sorted(self._rows(kind, query), key=key_of)

    def clients(self, tenant_id: str, app_id: str) -> list[Client]:
        applications, tenants = TABLES[Application], TABLES[Tenant]
        query = (
            sa.select(applications, tenants)
            .join(tenants, tenants.c.bound_hash == applications.c.bound_hash)
            .where(applications.c.found_hash == _hash((tenant_id, app_id)))
        )
        with self._connect.begin() as connection:
            rows = connection.execute(query).mappings().all()
        clients = [
            Client(tenant=_row(Tenant, row, tenants), application=_row(Application, row, applications))
            for row in cast("Sequence[Mapping[Any, Any]]", rows)
        ]
        return sorted(clients, key=lambda field: (not field.application.instance_id, field.application.instance_id))

    def person(self, tenant_id: str, app_id: str, user_name: str) -> list[User]:
        table = TABLES[User]
        query = sa.select(table).where(table.c.found_hash == _hash((tenant_id, app_id, user_name)))
        return sorted(self._rows(User, query), key=key_of)

    def _rows[R: Row](self, kind: type[R], query: sa.Select[Any]) -> list[R]:
        with self._connect.begin() as connection:
            return _select(kind, connection, query)

    # --- sessions --------------------------------------------------------------------------------------------------

    def keep_session(self, session: Session, *, now: datetime) -> None:
        values = {name: getattr(session, name) for name in SESSION}
        row = {
            **{name: milliseconds(value) if name in TIMES else value for name, value in values.items()},
            "tenant_hash": _hash((session.tenant_id,)),
            "application_hash": _hash((session.tenant_id, session.app_id)),
            "person_hash": _hash((session.tenant_id, session.app_id, session.user_name)),
        }
        self._write(sa.delete(sessions).where(sessions.c.expires_at <= milliseconds(now)))
        self._write(sa.insert(sessions).values(**row))

    def session(self, token_hash: str) -> Session | None:
        query = sa.select(*(sessions.c[name] for name in SESSION)).where(sessions.c.token_hash == token_hash)
        with self._connect.begin() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        values: dict[str, Any] = {name: moment(row[name]) if name in TIMES else row[name] for name in SESSION}
        return Session(**values)

    def end_session(self, token_hash: str) -> None:
        self._write(sa.delete(sessions).where(sessions.c.token_hash == token_hash))

    def claim_renewal(self, token_hash: str, *, now: datetime, until: datetime) -> bool:
        is_free = sa.or_(sessions.c.renewing_until.is_(None), sessions.c.renewing_until <= milliseconds(now))
        claim = sa.update(sessions).where(sessions.c.token_hash == token_hash, is_free)
        return self._write(claim.values(renewing_until=milliseconds(until))) == 1

    def renew_session(self, token_hash: str, *, confirmed_until: datetime, sealed_tokens: str) -> None:
        values = {"confirmed_until": milliseconds(confirmed_until), "sealed_tokens": sealed_tokens}
        self._write(
            sa.update(sessions).where(sessions.c.token_hash == token_hash).values(**values, renewing_until=None)
        )

    def _write(self, statement: sa.Executable) -> int:
        def transaction() -> int:
            with self._connect.begin() as connection:
                return connection.execute(statement).rowcount

        return attempt(transaction)


class SQLAlchemyTransaction:
    """Implements ``Transaction``. Rows are locked in the order of their hashes, which prevents deadlocks."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def locked_rows[R: Row](self, kind: type[R], keys: Sequence[Key]) -> list[R]:
        table = TABLES[kind]
        query = sa.select(table).where(table.c.key_hash.in_(sorted(map(_hash, keys)))).order_by(table.c.key_hash)
        return _select(kind, self._connection, query.with_for_update())

    def put(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        # Not deleted and inserted: another transaction could insert the same row in between.
        values = sorted(map(_values, rows), key=lambda row: row["key_hash"])
        self._connection.execute(self._upsert(TABLES[type(rows[0])]), values)

    def _upsert(self, table: sa.Table) -> sa.Executable:
        changed_columns = [column.name for column in table.columns if not column.primary_key]
        match self._connection.dialect.name:
            case "mysql" | "mariadb":
                insertion = mysql.insert(table)
                return insertion.on_duplicate_key_update({name: insertion.inserted[name] for name in changed_columns})
            case "postgresql":
                insert = postgresql.insert(table)
                return insert.on_conflict_do_update(
                    index_elements=["key_hash"], set_={name: insert.excluded[name] for name in changed_columns}
                )
            case _:
                statement = sqlite.insert(table)
                return statement.on_conflict_do_update(
                    index_elements=["key_hash"], set_={name: statement.excluded[name] for name in changed_columns}
                )

    def drop(self, kind: type[Row], keys: Sequence[Key]) -> None:
        table = TABLES[kind]
        self._connection.execute(sa.delete(table).where(table.c.key_hash.in_(sorted(map(_hash, keys)))))

    def drop_bound(self, kind: type[Row], instance_id: str, tenant_id: str) -> None:
        table = TABLES[kind]
        self._connection.execute(sa.delete(table).where(table.c.bound_hash == _hash((instance_id, tenant_id))))

    def end_sessions(self, tenant_id: str) -> None:
        users, applications = TABLES[User], TABLES[Application]
        is_allowed = sa.exists().where(
            users.c.found_hash == sessions.c.person_hash, users.c.enabled, users.c.authorised
        )
        application_exists = sa.exists().where(applications.c.found_hash == sessions.c.application_hash)
        has_ended = sa.not_(sa.and_(is_allowed, application_exists))
        self._connection.execute(sa.delete(sessions).where(sessions.c.tenant_hash == _hash((tenant_id,)), has_ended))


def _hash(key: Key) -> str:
    return hashed(json.dumps(key))


def _values(row: Row) -> dict[str, Any]:
    key = key_of(row)
    return {
        "key_hash": _hash(key),
        "tenant_hash": _hash((row.tenant_id,)),
        "found_hash": _hash(key[:-1]),
        "bound_hash": _hash((row.instance_id, row.tenant_id)),
        **{field.name: getattr(row, field.name) for field in fields(row)},
    }


def _select[R: Row](kind: type[R], connection: sa.Connection, query: sa.Select[Any]) -> list[R]:
    rows = connection.execute(query).mappings().all()
    return [_row(kind, cast("Mapping[Any, Any]", row), TABLES[kind]) for row in rows]


def _row[R: Row](kind: type[R], row: Mapping[Any, Any], table: sa.Table) -> R:
    values: dict[str, Any] = {field.name: row[table.c[field.name]] for field in fields(kind)}
    return kind(**values)
