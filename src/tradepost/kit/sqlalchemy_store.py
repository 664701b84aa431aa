"""The store of a seller's server in a database that several machines share: PostgreSQL, MySQL and MariaDB, or SQLite.

Every text that is looked up is looked up by its SHA-256, because MySQL compares without case or trailing blanks unless
told otherwise, and instance ids, order ids and license codes are exact.
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
from .store import Busy, Finished, Mine

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
    """The ``Store`` for sellers on several machines. ``pip install "tradepost[sqlalchemy]"`` and a driver.

    >>> Seller(store=SQLAlchemyStore("postgresql+psycopg://user@host/shop"), key=…)

    ``database``: an URL, or an engine of your own, whose pool is then shared. Its three tables (``tradepost_nonce``,
    ``tradepost_work``, ``tradepost_instance``) are made when missing; ``make_tables=False`` leaves that to your
    migrations, which find them in ``sqlalchemy_store.tables``. The clocks of the machines should agree to a second:
    they end each other's leases. Raises ``ValueError`` for a database of another kind.
    """

    def __init__(self, database: str | sa.URL | sa.Engine, *, make_tables: bool = True) -> None:
        self.engine, self._connect = open_database(database)
        self._dialect = self.engine.dialect.name
        self._nonces = 0
        if make_tables:
            # Checked by each table's own name: of two processes that start at once, one may come second.
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

    # --- work that must happen once --------------------------------------------------------------------------------

    def claim(self, key: str, *, owner: str, first_id: str, now: datetime, until: datetime) -> Claim:
        return self._attempt(lambda: self._claim(key, owner, first_id, milliseconds(now), milliseconds(until)))

    def claim_fresh(
        self, nonce: Nonce, key: str, *, owner: str, first_id: str, now: datetime, until: datetime
    ) -> Claim | None:
        # Two transactions: in one, requests for the same order would hold each other's nonces in turn.
        if self.nonce_seen(nonce.text, now=now, until=nonce.until):
            return None
        return self.claim(key, owner=owner, first_id=first_id, now=now, until=until)

    def _claim(self, key: str, owner: str, first_id: str, now: int, until: int) -> Claim:
        mine = work.c.key_hash == hashed(key)
        row = {"key_hash": hashed(key), "key": key, "first_id": first_id, "owner": owner, "lease_until": until}
        if self._add(work, row):
            return Mine(first_id)
        with self._begin() as connection:
            taken = connection.execute(
                sa.update(work)
                .where(mine, work.c.instance_id.is_(None), sa.or_(work.c.owner.is_(None), work.c.lease_until <= now))
                .values(owner=owner, lease_until=until)
            )
            known, finished = connection.execute(sa.select(work.c.first_id, work.c.instance_id).where(mine)).one()
        if taken.rowcount == 1:
            return Mine(known)
        return Busy() if finished is None else Finished(finished)

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
            # A row without an order was left by background work that ended before us: it knows state and access data.
            adopted = connection.execute(
                sa.update(instances)
                .where(_is(instance.instance_id), instances.c.order_id == "")
                .values(order_id=instance.order_id, order_line_id=instance.order_line_id)
            )
            if adopted.rowcount == 0:
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
                connection.execute(sa.update(instances).where(_is(instance_id)).values(**values))
            return True

    # --- instances -------------------------------------------------------------------------------------------------

    def find(self, instance_id: str) -> Instance | None:
        with self._begin() as connection:
            asked = sa.select(instances).where(instances.c.order_id != "")
            row = connection.execute(asked.where(_is(instance_id))).first()
            if row is None and instance_id:
                row = connection.execute(asked.where(instances.c.license_hash == hashed(instance_id))).first()
        return None if row is None else _instance(row)

    def pending(self) -> Sequence[Instance]:
        asked = sa.select(instances).where(instances.c.state == InstanceState.PENDING.value)
        with self._begin() as connection:
            rows = connection.execute(asked).all()
        return sorted((_instance(row) for row in rows), key=lambda instance: instance.instance_id)

    def set_expiry(self, instance_id: str, expires_at: datetime) -> None:
        self._attempt(
            lambda: self._write(
                sa.update(instances).where(_is(instance_id)).values(expires_at=milliseconds(expires_at))
            )
        )

    def set_frozen(self, instance_id: str, *, frozen: bool) -> None:
        awake = instances.c.state.in_([InstanceState.ACTIVE.value, InstanceState.FROZEN.value])
        state = InstanceState.FROZEN if frozen else InstanceState.ACTIVE
        # Never wakes a released instance: the release may have come between.
        self._attempt(lambda: self._write(sa.update(instances).where(_is(instance_id), awake).values(state=str(state))))

    def settle(self, instance_id: str, app: AppInfo | None, license_: str, failure: str) -> bool:
        state = InstanceState.FAILED if failure else InstanceState.ACTIVE
        early = Instance(instance_id=instance_id, order_id="", state=state, app=app, license=license_, note=failure)
        return self._attempt(lambda: self._settle(early))

    def _settle(self, settled: Instance) -> bool:
        row = _row(settled)
        unsettled = instances.c.state.in_([InstanceState.PENDING.value, InstanceState.FAILED.value])
        told = {name: row[name] for name in ("state", "app", "license", "license_hash", "note")}
        if self._add(instances, row):
            return True
        with self._begin() as connection:
            ended = connection.execute(sa.update(instances).where(_is(settled.instance_id), unsettled).values(**told))
            return ended.rowcount == 1

    # --- statements ------------------------------------------------------------------------------------------------

    @contextmanager
    def _begin(self) -> Iterator[sa.Connection]:
        """One transaction. Leaving by ``return`` commits: nothing was written where a refusal is returned."""
        with self._connect.begin() as connection:
            yield connection

    def _write(self, statement: sa.Executable) -> None:
        with self._begin() as connection:
            connection.execute(statement)

    def _add(self, table: sa.Table, row: dict[str, Any]) -> bool:
        """``_insert_new`` in a transaction of its own.

        In MySQL a row that exists is share-locked by the try; those who then want to change it in the same transaction
        would wait for each other until the database sends all but one away.
        """
        with self._begin() as connection:
            return self._insert_new(connection, table, row)

    def _insert_new(self, connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> bool:
        """True when the row is new; an existing one with its primary key stays as it is."""
        statement: Any
        match self._dialect:
            case "mysql" | "mariadb":
                # rowcount cannot tell with ON DUPLICATE KEY (the driver counts rows found). IGNORE cuts what is too
                # long for its column, but texts here have no length and hashes always fit.
                statement = mysql.insert(table).prefix_with("IGNORE").values(**row)
            case "postgresql":
                statement = postgresql.insert(table).values(**row).on_conflict_do_nothing()
            case _:
                statement = sqlite.insert(table).values(**row).on_conflict_do_nothing()
        # Without the option SQLAlchemy forgets how many rows an INSERT made.
        return bool(connection.execute(statement.execution_options(preserve_rowcount=True)).rowcount == 1)

    def _attempt[T](self, transaction: Callable[[], T], *, again_on: type[DBAPIError] | None = None) -> T:
        return attempt(transaction, again_on=again_on)


def _owned(key: str, owner: str) -> sa.Update:
    return sa.update(work).where(work.c.key_hash == hashed(key), work.c.owner == owner)


def _finish(connection: sa.Connection, key: str, owner: str, instance_id: str) -> bool:
    return connection.execute(_owned(key, owner).values(instance_id=instance_id, owner=None)).rowcount == 1


def _is(instance_id: str) -> sa.ColumnElement[bool]:
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
