"""The directory of joint operation in a database that several machines share: PostgreSQL, MySQL and MariaDB, or SQLite.

As in ``sqlalchemy_store`` every text that is looked up is looked up by its SHA-256, since MySQL compares without case.
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
SESSION = tuple(one.name for one in fields(Session))

tables = sa.MetaData()


def _table(name: str, kind: type[Row]) -> sa.Table:
    """``key_hash``: of the whole key; ``found_hash``: of the key without its instance; ``bound_hash``: of the binding."""
    columns = [sa.Column(one.name, sa.Boolean if one.name in FLAGS else TEXT, nullable=False) for one in fields(kind)]
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
    """The ``Directory`` for sellers on several machines. ``pip install "tradepost[sqlalchemy]"`` and a driver.

    ``database``: an URL, or an engine of your own. Its five tables (``tradepost_joint_…``) are made when missing;
    ``make_tables=False`` leaves that to your migrations, which find them in ``sqlalchemy_directory.tables``. Raises ``ValueError`` for
    a database of another kind.
    """

    def __init__(self, database: str | sa.URL | sa.Engine, *, make_tables: bool = True) -> None:
        self.engine, self._connect = open_database(database)
        if make_tables:
            # Checked by each table's own name: of two processes that start at once, one may come second.
            attempt(lambda: tables.create_all(self.engine), again_on=DBAPIError)

    def change(self, work: Callable[[Transaction], None]) -> None:
        def transaction() -> None:
            with self._connect.begin() as connection:
                if self.engine.dialect.name == "sqlite":
                    # Takes the lock of the file before anything is read: what is read must not be changed by others.
                    connection.execute(sa.delete(sessions).where(sessions.c.token_hash == ""))
                work(SQLAlchemyTransaction(connection))

        attempt(transaction)

    def rows[R: Row](self, kind: type[R], tenant_id: str = "") -> list[R]:
        table = TABLES[kind]
        asked = sa.select(table)
        if tenant_id:
            asked = asked.where(table.c.tenant_hash == _hash((tenant_id,)))
        return sorted(self._rows(kind, asked), key=key_of)

    def clients(self, tenant_id: str, app_id: str) -> list[Client]:
        applications, tenants = TABLES[Application], TABLES[Tenant]
        asked = (
            sa.select(applications, tenants)
            .join(tenants, tenants.c.bound_hash == applications.c.bound_hash)
            .where(applications.c.found_hash == _hash((tenant_id, app_id)))
        )
        with self._connect.begin() as connection:
            found = connection.execute(asked).mappings().all()
        clients = [
            Client(tenant=_row(Tenant, row, tenants), application=_row(Application, row, applications))
            for row in cast("Sequence[Mapping[Any, Any]]", found)
        ]
        return sorted(clients, key=lambda one: (not one.application.instance_id, one.application.instance_id))

    def person(self, tenant_id: str, app_id: str, user_name: str) -> list[User]:
        table = TABLES[User]
        asked = sa.select(table).where(table.c.found_hash == _hash((tenant_id, app_id, user_name)))
        return sorted(self._rows(User, asked), key=key_of)

    def _rows[R: Row](self, kind: type[R], asked: sa.Select[Any]) -> list[R]:
        with self._connect.begin() as connection:
            return _read(kind, connection, asked)

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
        asked = sa.select(*(sessions.c[name] for name in SESSION)).where(sessions.c.token_hash == token_hash)
        with self._connect.begin() as connection:
            row = connection.execute(asked).mappings().first()
        if row is None:
            return None
        values: dict[str, Any] = {name: moment(row[name]) if name in TIMES else row[name] for name in SESSION}
        return Session(**values)

    def end_session(self, token_hash: str) -> None:
        self._write(sa.delete(sessions).where(sessions.c.token_hash == token_hash))

    def claim_renewal(self, token_hash: str, *, now: datetime, until: datetime) -> bool:
        free = sa.or_(sessions.c.renewing_until.is_(None), sessions.c.renewing_until <= milliseconds(now))
        claim = sa.update(sessions).where(sessions.c.token_hash == token_hash, free)
        return self._write(claim.values(renewing_until=milliseconds(until))) == 1

    def renew_session(self, token_hash: str, *, confirmed_until: datetime, sealed_tokens: str) -> None:
        told = {"confirmed_until": milliseconds(confirmed_until), "sealed_tokens": sealed_tokens}
        self._write(sa.update(sessions).where(sessions.c.token_hash == token_hash).values(**told, renewing_until=None))

    def _write(self, statement: sa.Executable) -> int:
        def transaction() -> int:
            with self._connect.begin() as connection:
                return connection.execute(statement).rowcount

        return attempt(transaction)


class SQLAlchemyTransaction:
    """Satisfies ``Transaction``. Rows are touched in the order of their hashes, so that two never wait for each other."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def known[R: Row](self, kind: type[R], keys: Sequence[Key]) -> list[R]:
        table = TABLES[kind]
        asked = sa.select(table).where(table.c.key_hash.in_(sorted(map(_hash, keys)))).order_by(table.c.key_hash)
        return _read(kind, self._connection, asked.with_for_update())

    def put(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        # Not deleted and added: in between another transaction could add the same.
        values = sorted(map(_values, rows), key=lambda row: row["key_hash"])
        self._connection.execute(self._upsert(TABLES[type(rows[0])]), values)

    def _upsert(self, table: sa.Table) -> sa.Executable:
        changed = [column.name for column in table.columns if not column.primary_key]
        match self._connection.dialect.name:
            case "mysql" | "mariadb":
                added = mysql.insert(table)
                return added.on_duplicate_key_update({name: added.inserted[name] for name in changed})
            case "postgresql":
                new = postgresql.insert(table)
                return new.on_conflict_do_update(
                    index_elements=["key_hash"], set_={name: new.excluded[name] for name in changed}
                )
            case _:
                put = sqlite.insert(table)
                return put.on_conflict_do_update(
                    index_elements=["key_hash"], set_={name: put.excluded[name] for name in changed}
                )

    def drop(self, kind: type[Row], keys: Sequence[Key]) -> None:
        table = TABLES[kind]
        self._connection.execute(sa.delete(table).where(table.c.key_hash.in_(sorted(map(_hash, keys)))))

    def drop_bound(self, kind: type[Row], instance_id: str, tenant_id: str) -> None:
        table = TABLES[kind]
        self._connection.execute(sa.delete(table).where(table.c.bound_hash == _hash((instance_id, tenant_id))))

    def end_sessions(self, tenant_id: str) -> None:
        users, applications = TABLES[User], TABLES[Application]
        allowed = sa.exists().where(users.c.found_hash == sessions.c.person_hash, users.c.enabled, users.c.authorised)
        known = sa.exists().where(applications.c.found_hash == sessions.c.application_hash)
        over = sa.not_(sa.and_(allowed, known))
        self._connection.execute(sa.delete(sessions).where(sessions.c.tenant_hash == _hash((tenant_id,)), over))


def _hash(key: Key) -> str:
    return hashed(json.dumps(key))


def _values(row: Row) -> dict[str, Any]:
    key = key_of(row)
    return {
        "key_hash": _hash(key),
        "tenant_hash": _hash((row.tenant_id,)),
        "found_hash": _hash(key[:-1]),
        "bound_hash": _hash((row.instance_id, row.tenant_id)),
        **{one.name: getattr(row, one.name) for one in fields(row)},
    }


def _read[R: Row](kind: type[R], connection: sa.Connection, asked: sa.Select[Any]) -> list[R]:
    found = connection.execute(asked).mappings().all()
    return [_row(kind, cast("Mapping[Any, Any]", row), TABLES[kind]) for row in found]


def _row[R: Row](kind: type[R], row: Mapping[Any, Any], table: sa.Table) -> R:
    values: dict[str, Any] = {one.name: row[table.c[one.name]] for one in fields(kind)}
    return kind(**values)
