"""Store of a seller's server in one SQLite file.

Threads and processes of one machine may share the file. It uses ``synchronous=NORMAL``, which survives a crash of the
process but may lose the last commits in a power failure. That is harmless for nonces and claims. Results that the
market receives must not be lost: after such a commit the write-ahead log is flushed, once for all waiting threads,
before the answer is sent. ``SQLiteStore(path, durable=False)`` disables this for speed.
"""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import contextmanager, suppress
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from io import FileIO
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakSet

from tradepost.protocols.commands import AppInfo

from .answers import Instance, InstanceState
from .store import BusyClaim, FinishedClaim, GrantedClaim

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .store import Claim, Nonce

SCHEMA_VERSION = 2
FIRST_SCHEMA = """
CREATE TABLE nonce (nonce TEXT PRIMARY KEY, kept_until INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE work (
  key TEXT PRIMARY KEY, first_id TEXT NOT NULL, owner TEXT, lease_until INTEGER, instance_id TEXT
) WITHOUT ROWID;

CREATE TABLE instance (
  instance_id TEXT PRIMARY KEY, order_id TEXT NOT NULL, order_line_id TEXT NOT NULL, state TEXT NOT NULL,
  expires_at INTEGER, app TEXT, license TEXT NOT NULL, note TEXT NOT NULL
) WITHOUT ROWID;

CREATE VIEW creation AS SELECT '' AS key, '' AS owner, instance.* FROM instance;

CREATE TRIGGER keep_creation INSTEAD OF INSERT ON creation BEGIN
  UPDATE work SET instance_id = NEW.instance_id, owner = NULL WHERE key = NEW.key AND owner = NEW.owner;
  SELECT RAISE(ABORT, 'lease lost') WHERE changes() = 0;
  -- A row without an order was left by background work that ended before us: it knows state and access data.
  INSERT INTO instance VALUES (NEW.instance_id, NEW.order_id, NEW.order_line_id, NEW.state, NEW.expires_at, NEW.app,
    NEW.license, NEW.note)
  ON CONFLICT (instance_id) DO UPDATE SET order_id = excluded.order_id, order_line_id = excluded.order_line_id
    WHERE order_id = '';
  SELECT RAISE(ABORT, 'id taken') WHERE changes() = 0;
END;

CREATE INDEX instance_license ON instance (license) WHERE license != '';

CREATE INDEX instance_pending ON instance (instance_id) WHERE state = 'pending';
"""
ARRIVALS_SCHEMA = """
CREATE VIEW arrival AS SELECT '' AS nonce, 0 AS kept_until, 0 AS now, work.* FROM work;

CREATE TRIGGER keep_arrival INSTEAD OF INSERT ON arrival BEGIN
  INSERT INTO nonce VALUES (NEW.nonce, NEW.kept_until)
  ON CONFLICT (nonce) DO UPDATE SET kept_until = excluded.kept_until WHERE kept_until <= NEW.now;
  SELECT RAISE(ABORT, 'replayed') WHERE changes() = 0;
  INSERT INTO work (key, first_id, owner, lease_until) VALUES (NEW.key, NEW.first_id, NEW.owner, NEW.lease_until)
  ON CONFLICT (key) DO NOTHING;
  -- FAIL and not ABORT: the nonce stays remembered.
  SELECT RAISE(FAIL, 'known') WHERE changes() = 0;
END;
"""
SCHEMAS = (FIRST_SCHEMA, ARRIVALS_SCHEMA)
"""Schema changes of each version."""
NONCES_BETWEEN_SWEEPS = 5000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_APP_FIELDS = tuple(field.name for field in fields(AppInfo))
_OPEN_STORES: WeakSet[SQLiteStore] = WeakSet()
_CONNECTIONS_BEFORE_FORK: list[sqlite3.Connection] = []


class SQLiteStore:
    """``Store`` for one machine. A missing file is created, readable by its owner only."""

    _writing: Lock
    _flushing: Lock
    _writers: list[sqlite3.Connection]
    _readers: list[sqlite3.Connection]
    _commits: int
    _log: FileIO | None
    _flushed: int

    def __init__(self, path: str | Path, *, durable: bool = True, busy_timeout: float = 10.0) -> None:
        self.path = Path(path)
        self._timeout = busy_timeout
        self._durable = durable
        self._nonces = 0
        self._start()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch(mode=0o600)
        with self._writer(durable=True) as connection:
            self._prepare(connection)
        _OPEN_STORES.add(self)

    def close(self) -> None:
        """Close the idle connections. The store remains usable."""
        with self._writing:
            while self._writers:
                self._writers.pop().close()
        while self._readers:
            self._readers.pop().close()
        with self._flushing:
            self._log = None

    # --- nonces ----------------------------------------------------------------------------------------------------

    def nonce_seen(self, nonce: str, *, now: datetime, until: datetime) -> bool:
        with self._writer(durable=False) as connection:
            self._sweep(connection, now)
            fresh = connection.execute(
                "INSERT INTO nonce VALUES (?1, ?2) ON CONFLICT (nonce) DO UPDATE SET kept_until = ?2"
                " WHERE kept_until <= ?3",
                (nonce, _ms(until), _ms(now)),
            )
            return fresh.rowcount == 0

    def _sweep(self, connection: sqlite3.Connection, now: datetime) -> None:
        self._nonces += 1
        if self._nonces % NONCES_BETWEEN_SWEEPS == 0:
            connection.execute("DELETE FROM nonce WHERE kept_until <= ?", (_ms(now),))

    # --- claims
    # --------------------------------------------------------------------------------------------------------

    def claim(self, key: str, *, owner: str, first_id: str, now: datetime, until: datetime) -> Claim:
        with self._writer(durable=False) as connection:
            row = connection.execute(
                "INSERT OR IGNORE INTO work (key, first_id, owner, lease_until) VALUES (?, ?, ?, ?)",
                (key, first_id, owner, _ms(until)),
            )
            return GrantedClaim(first_id) if row.rowcount == 1 else _claim_known(connection, key, owner, now, until)

    def claim_fresh(
        self, nonce: Nonce, key: str, *, owner: str, first_id: str, now: datetime, until: datetime
    ) -> Claim | None:
        values = (nonce.text, _ms(nonce.until), _ms(now), key, first_id, owner, _ms(until))
        with self._writer(durable=False) as connection:
            self._sweep(connection, now)
            try:
                # One statement with a trigger, as in ``keep_created``.
                connection.execute(
                    "INSERT INTO arrival (nonce, kept_until, now, key, first_id, owner, lease_until)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    values,
                )
            except sqlite3.IntegrityError as refusal:
                return None if str(refusal) == "replayed" else _claim_known(connection, key, owner, now, until)
        return GrantedClaim(first_id)

    def give_back(self, key: str, owner: str) -> None:
        with self._writer(durable=False) as connection:
            connection.execute("UPDATE work SET owner = NULL WHERE key = ? AND owner = ?", (key, owner))

    def keep_created(self, key: str, owner: str, instance: Instance) -> bool:
        # One statement with a trigger: each statement may switch threads while the write lock is held, and this is the
        # hot path.
        try:
            with self._writer(durable=True) as connection:
                connection.execute(
                    "INSERT INTO creation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (key, owner, *_row(instance))
                )
        except sqlite3.IntegrityError as refusal:
            if str(refusal) == "lease lost":
                return False
            raise ValueError(f"instance id {instance.instance_id!r} belongs to another order") from refusal
        return True

    def keep_done(self, key: str, owner: str, instance_id: str, state: InstanceState | None = None) -> bool:
        with self._transaction() as connection:
            if not _finish(connection, key, owner, instance_id):
                return False
            if state is InstanceState.RELEASED:
                connection.execute(
                    "UPDATE instance SET state = ?, app = NULL, license = '' WHERE instance_id = ?",
                    (state, instance_id),
                )
            elif state is not None:
                connection.execute("UPDATE instance SET state = ? WHERE instance_id = ?", (state, instance_id))
        return True

    # --- instances -------------------------------------------------------------------------------------------------

    def find(self, instance_id: str) -> Instance | None:
        with self._reader() as connection:
            query = "SELECT * FROM instance WHERE order_id != '' AND "
            row = connection.execute(query + "instance_id = ?", (instance_id,)).fetchone()
            if row is None and instance_id:
                row = connection.execute(query + "license != '' AND license = ?", (instance_id,)).fetchone()
        return None if row is None else _instance(row)

    def pending(self) -> Sequence[Instance]:
        with self._reader() as connection:
            rows = connection.execute("SELECT * FROM instance WHERE state = 'pending' ORDER BY instance_id").fetchall()
        return [_instance(row) for row in rows]

    def set_expiry(self, instance_id: str, expires_at: datetime) -> None:
        with self._transaction() as connection:
            connection.execute(
                "UPDATE instance SET expires_at = ? WHERE instance_id = ?", (_ms(expires_at), instance_id)
            )

    def set_frozen(self, instance_id: str, *, frozen: bool) -> None:
        state = InstanceState.FROZEN if frozen else InstanceState.ACTIVE
        with self._transaction() as connection:
            # Never reactivate an instance that was released in the meantime.
            connection.execute(
                "UPDATE instance SET state = ? WHERE instance_id = ? AND state IN ('active', 'frozen')",
                (state, instance_id),
            )

    def settle(self, instance_id: str, app: AppInfo | None, license_: str, failure: str) -> bool:
        state = InstanceState.FAILED if failure else InstanceState.ACTIVE
        settled_instance = Instance(
            instance_id=instance_id, order_id="", state=state, app=app, license=license_, note=failure
        )
        with self._transaction() as connection:
            settlement = connection.execute(
                "INSERT INTO instance VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (instance_id) DO UPDATE"
                " SET state = excluded.state, app = excluded.app, license = excluded.license, note = excluded.note"
                " WHERE state IN ('pending', 'failed')",
                _row(settled_instance),
            )
            return settlement.rowcount == 1

    # --- connections -----------------------------------------------------------------------------------------------

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        """Provide a connection for one read."""
        try:
            connection = self._readers.pop()
        except IndexError:
            connection = self._connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._readers.append(connection)

    @contextmanager
    def _writer(self, *, durable: bool) -> Iterator[sqlite3.Connection]:
        """Provide this process's only writing connection, for a statement or a transaction.

        A mutex passes it on at once, while SQLite waits for locks by polling. Several connections would also discard
        their cached pages after each other's writes.
        """
        with self._writing:
            connection = self._writers.pop() if self._writers else self._connect()
            try:
                yield connection
            except BaseException:
                # Closing rolls back an open transaction.
                connection.close()
                raise
            self._writers.append(connection)
            self._commits += 1
            commit = self._commits
        if durable and self._durable:
            self._flush(commit)

    def _flush(self, commit: int) -> None:
        """Return after this commit is on disk. Waiting threads share one flush.

        SQLite's checkpoint has flushed everything that moved from the log to the database.
        """
        with self._flushing:
            if self._flushed >= commit:
                return
            covered_commits = self._commits
            # If the log is missing, ``close`` has moved its contents to the database.
            with suppress(FileNotFoundError):
                _flush_file(self._open_log().fileno())
            self._flushed = covered_commits

    def _open_log(self) -> FileIO:
        """Return the write-ahead log, which stays open. SQLite deletes the file with its last connection; it then has
        no links."""
        log = self._log
        if log is None or os.fstat(log.fileno()).st_nlink == 0:
            log = self._log = FileIO(f"{self.path}-wal", "rb+")
        return log

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._writer(durable=True) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    def forget_parent(self) -> None:
        """Drop the parent's connections in a forked child: SQLite forbids closing them there."""
        _CONNECTIONS_BEFORE_FORK.extend((*self._readers, *self._writers))
        self._start()

    def _start(self) -> None:
        self._writing, self._flushing = Lock(), Lock()
        self._writers, self._readers = [], []
        self._commits = self._flushed = 0
        self._log = None

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=self._timeout, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        # Two processes may start at the same time, so the version is read inside the writing transaction.
        connection.execute("BEGIN IMMEDIATE")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise RuntimeError(f"{self.path} was written by a newer Tradepost (schema {version} > {SCHEMA_VERSION})")
        for schema in SCHEMAS[version:]:
            for statement in schema.split(";\n\n"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")


def _after_fork() -> None:
    for store in list(_OPEN_STORES):
        store.forget_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


# macOS and Windows have no fdatasync.
_flush_file = getattr(os, "fdatasync", os.fsync)


def _claim_known(connection: sqlite3.Connection, key: str, owner: str, now: datetime, until: datetime) -> Claim:
    update = connection.execute(
        "UPDATE work SET owner = ?, lease_until = ? WHERE key = ? AND instance_id IS NULL"
        " AND (owner IS NULL OR lease_until <= ?) RETURNING first_id",
        (owner, _ms(until), key, _ms(now)),
    ).fetchall()
    if update:
        return GrantedClaim(update[0][0])
    finished_id = connection.execute("SELECT instance_id FROM work WHERE key = ?", (key,)).fetchone()[0]
    return BusyClaim() if finished_id is None else FinishedClaim(finished_id)


def _finish(connection: sqlite3.Connection, key: str, owner: str, instance_id: str) -> bool:
    done = connection.execute(
        "UPDATE work SET instance_id = ?, owner = NULL WHERE key = ? AND owner = ?", (instance_id, key, owner)
    )
    return done.rowcount == 1


def _ms(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


def _row(instance: Instance) -> tuple[object, ...]:
    return (
        instance.instance_id,
        instance.order_id,
        instance.order_line_id,
        instance.state,
        None if instance.expires_at is None else _ms(instance.expires_at),
        None if instance.app is None else _dump_app(instance.app),
        instance.license,
        instance.note,
    )


def _dump_app(app: AppInfo) -> str:
    # dataclasses.asdict copies deeply, which takes longer than the encoding.
    return json.dumps({name: getattr(app, name) for name in _APP_FIELDS})


def _instance(row: tuple[str, str, str, str, int | None, str | None, str, str]) -> Instance:
    instance_id, order_id, order_line_id, state, expires_at, app, license_text, note = row
    return Instance(
        instance_id=instance_id,
        order_id=order_id,
        order_line_id=order_line_id,
        state=InstanceState(state),
        expires_at=None if expires_at is None else EPOCH + timedelta(milliseconds=expires_at),
        app=None if app is None else AppInfo(**json.loads(app)),
        license=license_text,
        note=note,
    )
