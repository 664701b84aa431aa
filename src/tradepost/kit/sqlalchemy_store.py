"""Store of a seller's server in a database that several machines share: PostgreSQL, MySQL and MariaDB, or SQLite.

Texts are searched by their SHA-256, because MySQL by default compares without case and trailing blanks, while instance
IDs, order IDs and license codes are exact.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from tradepost.protocols.commands import AppInfo

from .answers import Instance, InstanceState
from .sqlalchemy_database import HASH, TEXT, attempt, hashed, milliseconds, moment, open_database
from .store import BusyClaim, FinishedClaim, GrantedClaim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .store import Claim, Nonce

NONCES_BETWEEN_SWEEPS = 5000

_APP_FIELDS = tuple(field.name for field in fields(AppInfo))

tables = sa.MetaData()

nonces = sa.Table(
    "tradepost_nonce",
    tables,
    sa.Column("nonce_hash", HASH, primary_key=True),
    sa.Column("kept_until", sa.BigInteger, nullable=False, index=True),
)
work = sa.Table(
    "tradepost_work",
    tables,
    sa.Column("key_hash", HASH, primary_key=True),
    sa.Column("key", TEXT, nullable=False),
    sa.Column("first_id", TEXT, nullable=False),
    sa.Column("owner", sa.String(128)),
    sa.Column("lease_until", sa.BigInteger),
    sa.Column("instance_id", TEXT),
)
instances = sa.Table(
    "tradepost_instance",
    tables,
    sa.Column("instance_hash", HASH, primary_key=True),
    sa.Column("instance_id", TEXT, nullable=False),
    sa.Column("order_id", TEXT, nullable=False),
    sa.Column("order_line_id", TEXT, nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("expires_at", sa.BigInteger),
    sa.Column("app", TEXT),
    sa.Column("license", TEXT, nullable=False),
    sa.Column("license_hash", HASH, index=True),
    sa.Column("note", TEXT, nullable=False),
)


class SQLAlchemyStore:
    """``Store`` for sellers on several machines. Needs ``pip install "tradepost[sqlalchemy]"`` and a driver.

    >>> Seller(store=SQLAlchemyStore("postgresql+psycopg://user@host/shop"), key=…)

    ``database``: a URL, or your own engine, whose pool is then shared. Missing tables (``tradepost_nonce``,
    ``tradepost_work``, ``tradepost_instance``) are created; with ``make_tables=False`` your migrations create them from
    ``sqlalchemy_store.tables``. The clocks of the machines must agree within a second, since they end each other's
    leases. Raises ``ValueError`` for an unsupported database.
    """

    def __init__(self, database: str | sa.URL | sa.Engine, *, make_tables: bool = True) -> None:
        self.engine, self._connect = open_database(database)
        self._dialect = self.engine.dialect.name
        self._nonces = 0
        if make_tables:
            # Each table is checked by its name: if two processes start at the same time, the second may fail.
            self._attempt(lambda: tables.create_all(self.engine), again_on=DBAPIError)

    # --- nonces ----------------------------------------------------------------------------------------------------

    def nonce_seen(self, nonce: str, *, now: datetime, until: datetime) -> bool:
        self._nonces += 1
        if self._nonces % NONCES_BETWEEN_SWEEPS == 0:
            self._attempt(lambda: self._write(sa.delete(nonces).where(nonces.c.kept_until <= milliseconds(now))))
        return self._attempt(lambda: self._nonce_seen(hashed(nonce), milliseconds(now), milliseconds(until)))

    def _nonce_seen(self, nonce_hash: str, now: int, until: int) -> bool:
        if self._add(nonces, {"nonce_hash": nonce_hash, "kept_until": until}):
            return False
        with self._begin() as connection:
            forgotten = connection.execute(
                sa.update(nonces)
                .where(nonces.c.nonce_hash == nonce_hash, nonces.c.kept_until <= now)
                .values(kept_until=until)
            )
            return forgotten.rowcount == 0

    # --- claims
    # --------------------------------------------------------------------------------------------------------

    def claim(self, key: str, *, owner: str, first_id: str, now: datetime, until: datetime) -> Claim:
        return self._attempt(lambda: self._claim(key, owner, first_id, milliseconds(now), milliseconds(until)))

    def claim_fresh(
        self, nonce: Nonce, key: str, *, owner: str, first_id: str, now: datetime, until: datetime
    ) -> Claim | None:
        # Two transactions: in a single one, requests for the same order would block each other's nonces.
        if self.nonce_seen(nonce.text, now=now, until=nonce.until):
            return None
        return self.claim(key, owner=owner, first_id=first_id, now=now, until=until)

    def _claim(self, key: str, owner: str, first_id: str, now: int, until: int) -> Claim:
        has_key = work.c.key_hash == hashed(key)
        row = {"key_hash": hashed(key), "key": key, "first_id": first_id, "owner": owner, "lease_until": until}
        if self._add(work, row):
            return GrantedClaim(first_id)
        with self._begin() as connection:
            update = connection.execute(
                sa.update(work)
                .where(has_key, work.c.instance_id.is_(None), sa.or_(work.c.owner.is_(None), work.c.lease_until <= now))
                .values(owner=owner, lease_until=until)
            )
            stored_first_id, finished_id = connection.execute(
                sa.select(work.c.first_id, work.c.instance_id).where(has_key)
            ).one()
        if update.rowcount == 1:
            return GrantedClaim(stored_first_id)
        return BusyClaim() if finished_id is None else FinishedClaim(finished_id)

    def give_back(self, key: str, owner: str) -> None:
        self._attempt(lambda: self._write(_owned(key, owner).values(owner=None)))

    def keep_created(self, key: str, owner: str, instance: Instance) -> bool:
        return self._attempt(lambda: self._keep_created(key, owner, instance))

    def _keep_created(self, key: str, owner: str, instance: Instance) -> bool:
        with self._begin() as connection:
            if not _finish(connection, key, owner, instance.instance_id):
                return False
            if self._insert_new(connection, instances, _row(instance)):
                return True
            # Background work that ended earlier left a row without an order; it has the state and the access data.
            adoption = connection.execute(
                sa.update(instances)
                .where(_has_id(instance.instance_id), instances.c.order_id == "")
                .values(order_id=instance.order_id, order_line_id=instance.order_line_id)
            )
            if adoption.rowcount == 0:
                raise ValueError(f"instance id {instance.instance_id!r} belongs to another order")
            return True

    def keep_done(self, key: str, owner: str, instance_id: str, state: InstanceState | None = None) -> bool:
        return self._attempt(lambda: self._keep_done(key, owner, instance_id, state))

    def _keep_done(self, key: str, owner: str, instance_id: str, state: InstanceState | None) -> bool:
        with self._begin() as connection:
            if not _finish(connection, key, owner, instance_id):
                return False
            values: dict[str, object] = {} if state is None else {"state": str(state)}
            if state is InstanceState.RELEASED:
                values |= {"app": None, "license": "", "license_hash": None}
            if values:
                connection.execute(sa.update(instances).where(_has_id(instance_id)).values(**values))
            return True

    # --- instances -------------------------------------------------------------------------------------------------

    def find(self, instance_id: str) -> Instance | None:
        with self._begin() as connection:
            query = sa.select(instances).where(instances.c.order_id != "")
            row = connection.execute(query.where(_has_id(instance_id))).first()
            if row is None and instance_id:
                row = connection.execute(query.where(instances.c.license_hash == hashed(instance_id))).first()
        return None if row is None else _instance(row)

    def pending(self) -> Sequence[Instance]:
        query = sa.select(instances).where(instances.c.state == InstanceState.PENDING.value)
        with self._begin() as connection:
            rows = connection.execute(query).all()
        return sorted((_instance(row) for row in rows), key=lambda instance: instance.instance_id)

    def set_expiry(self, instance_id: str, expires_at: datetime) -> None:
        self._attempt(
            lambda: self._write(
                sa.update(instances).where(_has_id(instance_id)).values(expires_at=milliseconds(expires_at))
            )
        )

    def set_frozen(self, instance_id: str, *, frozen: bool) -> None:
        is_unreleased = instances.c.state.in_([InstanceState.ACTIVE.value, InstanceState.FROZEN.value])
        state = InstanceState.FROZEN if frozen else InstanceState.ACTIVE
        # Never reactivate an instance that was released in the meantime.
        self._attempt(
            lambda: self._write(
                sa.update(instances).where(_has_id(instance_id), is_unreleased).values(state=str(state))
            )
        )

    def settle(self, instance_id: str, app: AppInfo | None, license_: str, failure: str) -> bool:
        state = InstanceState.FAILED if failure else InstanceState.ACTIVE
        settled_instance = Instance(
            instance_id=instance_id, order_id="", state=state, app=app, license=license_, note=failure
        )
        return self._attempt(lambda: self._settle(settled_instance))

    def _settle(self, settled_instance: Instance) -> bool:
        row = _row(settled_instance)
        is_unsettled = instances.c.state.in_([InstanceState.PENDING.value, InstanceState.FAILED.value])
        values = {name: row[name] for name in ("state", "app", "license", "license_hash", "note")}
        if self._add(instances, row):
            return True
        with self._begin() as connection:
            ended_rows = connection.execute(
                sa.update(instances).where(_has_id(settled_instance.instance_id), is_unsettled).values(**values)
            )
            return ended_rows.rowcount == 1

    # --- statements ------------------------------------------------------------------------------------------------

    @contextmanager
    def _begin(self) -> Iterator[sa.Connection]:
        """Run one transaction. Returning early commits: refusals return before anything is written."""
        with self._connect.begin() as connection:
            yield connection

    def _write(self, statement: sa.Executable) -> None:
        with self._begin() as connection:
            connection.execute(statement)

    def _add(self, table: sa.Table, row: dict[str, Any]) -> bool:
        """Run ``_insert_new`` in a separate transaction.

        In MySQL, the attempt takes a shared lock on an existing row. Transactions that then change it would deadlock
        until the database rolls back all but one.
        """
        with self._begin() as connection:
            return self._insert_new(connection, table, row)

    def _insert_new(self, connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> bool:
        """Return True if the row is new; an existing row with its primary key stays unchanged."""
        statement: Any
        match self._dialect:
            case "mysql" | "mariadb":
                # With ON DUPLICATE KEY the driver's rowcount includes existing rows. IGNORE truncates values that are
                # too long, but texts here have no maximum length and hashes always fit.
                statement = mysql.insert(table).prefix_with("IGNORE").values(**row)
            case "postgresql":
                statement = postgresql.insert(table).values(**row).on_conflict_do_nothing()
            case _:
                statement = sqlite.insert(table).values(**row).on_conflict_do_nothing()
        # Without the option SQLAlchemy does not keep the row count of an INSERT.
        return bool(connection.execute(statement.execution_options(preserve_rowcount=True)).rowcount == 1)

    def _attempt[T](self, transaction: Callable[[], T], *, again_on: type[DBAPIError] | None = None) -> T:
        return attempt(transaction, retry_on=again_on)


def _owned(key: str, owner: str) -> sa.Update:
    return sa.update(work).where(work.c.key_hash == hashed(key), work.c.owner == owner)


def _finish(connection: sa.Connection, key: str, owner: str, instance_id: str) -> bool:
    return connection.execute(_owned(key, owner).values(instance_id=instance_id, owner=None)).rowcount == 1


def _has_id(instance_id: str) -> sa.ColumnElement[bool]:
    return instances.c.instance_hash == hashed(instance_id)


def _row(instance: Instance) -> dict[str, Any]:
    app = instance.app
    return {
        "instance_hash": hashed(instance.instance_id),
        "instance_id": instance.instance_id,
        "order_id": instance.order_id,
        "order_line_id": instance.order_line_id,
        "state": str(instance.state),
        "expires_at": None if instance.expires_at is None else milliseconds(instance.expires_at),
        "app": None if app is None else json.dumps({name: getattr(app, name) for name in _APP_FIELDS}),
        "license": instance.license,
        "license_hash": hashed(instance.license) if instance.license else None,
        "note": instance.note,
    }


def _instance(row: sa.Row[Any]) -> Instance:
    return Instance(
        instance_id=row.instance_id,
        order_id=row.order_id,
        order_line_id=row.order_line_id,
        state=InstanceState(row.state),
        expires_at=None if row.expires_at is None else moment(row.expires_at),
        app=None if row.app is None else AppInfo(**json.loads(row.app)),
        license=row.license,
        note=row.note,
    )
