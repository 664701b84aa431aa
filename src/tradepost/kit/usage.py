"""Outbox of usage records: stored first, then pushed with constant IDs until the market has them.

An added record survives a crash of the program and of the machine. Batches have at most 1,000 records. A repeated push
sends the same records with the same IDs, and the market ignores those that it has.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from .client import SERVER_ERROR, MarketError
from .usage_record import WRONG_RECORDS, UsageRecord, UsageState, check, is_duplicate, verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from threading import Event

__all__ = ["BATCH", "Push", "PushResult", "UsageOutbox", "UsageRecord", "UsageState"]

log = logging.getLogger(__name__)

BATCH = 1000
"""Maximum records in one push (openapi-jointkit §C.5)."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SCHEMA = """
CREATE TABLE IF NOT EXISTS usage (
  position INTEGER PRIMARY KEY, record_id TEXT NOT NULL UNIQUE, instance_id TEXT NOT NULL, begins_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL, recorded_at INTEGER NOT NULL, value TEXT NOT NULL, package_id TEXT NOT NULL,
  product_id TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', error TEXT NOT NULL DEFAULT '', batch INTEGER,
  told_at INTEGER
);
CREATE UNIQUE INDEX IF NOT EXISTS usage_window ON usage (instance_id, begins_at, ends_at) WHERE state != 'replaced';
CREATE INDEX IF NOT EXISTS usage_state ON usage (state, batch, position);
CREATE TABLE IF NOT EXISTS batch (
  number INTEGER PRIMARY KEY, lease_until INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0,
  trouble TEXT NOT NULL DEFAULT ''
);
"""
MAX_FAILED_BATCHES = 3
"""Number of batches with a server error after which a push stops."""


type Push = Callable[[Sequence[UsageRecord]], Mapping[str, str]]
"""Sends one batch and returns the errors of abnormal records by ID. Raises ``MarketError``."""


@dataclass(frozen=True, slots=True)
class PushResult:
    """Result of a ``push``. ``trouble``: why records are still waiting; they will be sent again.

    ``retry_after``: seconds to wait, if the market states them.
    """

    accepted: int = 0
    refused: int = 0
    trouble: str = ""
    retry_after: int | None = None


def fresh_id() -> str:
    return str(uuid4())


class UsageOutbox:
    """Usage records of one machine in one SQLite file; threads and processes may add and push concurrently.

    >>> outbox = UsageOutbox("usage.db", client.push_usage)
    >>> outbox.add("instance-1", begins_at=nine, ends_at=ten, value=Decimal("99.5"), now=now)
    >>> outbox.push(now=now)
    """

    def __init__(
        self,
        path: str | Path,
        push: Push,
        *,
        chance: Callable[[], str] = fresh_id,
        lease: timedelta = timedelta(minutes=2),
        batch: int = BATCH,
    ) -> None:
        if not 1 <= batch <= BATCH:
            raise ValueError(f"a batch has 1 to {BATCH} records")
        self.path = Path(path)
        self._push = push
        self._chance = chance
        self._lease = lease
        self._batch = batch
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch(mode=0o600)
        with closing(self._open()) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(SCHEMA)

    # --- adding ----------------------------------------------------------------------------------------------------

    def add(
        self,
        instance_id: str,
        *,
        begins_at: datetime,
        ends_at: datetime,
        value: Decimal,
        now: datetime,
        package_id: str = "",
        product_id: str = "",
    ) -> str:
        """Store usage durably and return the record's ID.

        The same instance, begin and end is the same usage, as for the market (§C.5 rule 4). With the same value, the
        existing ID is returned, so that a crashed program may add it again. Raises ``ValueError`` for another value,
        and for values that the interface cannot carry.
        """
        record = UsageRecord(
            record_id=self._chance(),
            instance_id=instance_id,
            begins_at=begins_at,
            ends_at=ends_at,
            recorded_at=now,
            value=value,
            package_id=package_id,
            product_id=product_id,
        )
        check(record)
        with self._transaction() as connection:
            existing = connection.execute(
                "SELECT * FROM usage WHERE instance_id = ? AND begins_at = ? AND ends_at = ? AND state != 'replaced'",
                (instance_id, _seconds(begins_at), _seconds(ends_at)),
            ).fetchone()
            if existing is None:
                _insert(connection, record)
                return record.record_id
        if Decimal(existing["value"]) != value:
            raise ValueError(
                f"usage of {instance_id!r} in this time is remembered as {existing['value']}, not {value}: the market takes"
                " the first; a refused record is changed with correct()"
            )
        return str(existing["record_id"])

    def correct(self, record_id: str, *, value: Decimal, now: datetime) -> str:
        """Report a refused record with another value, and return its new ID.

        Raises ``LookupError`` if there is no refused record with this ID.
        """
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT * FROM usage WHERE record_id = ? AND state = 'refused'", (record_id,)
            ).fetchone()
            if row is None:
                raise LookupError(f"there is no refused record {record_id!r}")
            corrected_record = replace(
                _record(row),
                record_id=self._chance(),
                value=value,
                recorded_at=now,
                state=UsageState.WAITING,
                error="",
            )
            check(corrected_record)
            connection.execute("UPDATE usage SET state = 'replaced' WHERE record_id = ?", (record_id,))
            _insert(connection, corrected_record)
        return corrected_record.record_id

    # --- pushing ---------------------------------------------------------------------------------------------------

    def push(self, *, now: datetime) -> PushResult:
        """Push batches until none waits, or the market accepts no more.

        A record that the market calls a duplicate is accepted: it already has usage of this instance and time, usually
        from a push whose answer was lost, and accepts no other (§C.5 rule 4). ``find`` shows the message.
        """
        accepted_count = refused_total = 0
        failed_batches: list[int] = []
        trouble: MarketError | None = None
        while (claimed_batch := self._claim(now, besides=failed_batches)) is not None:
            number, records = claimed_batch
            try:
                errors = self._send(records)
            except MarketError as error:
                self._return_batch(number, str(error))
                failed_batches.append(number)
                trouble = error
                # A server error may only concern this batch, which must not block those behind it.
                if error.status != SERVER_ERROR or len(failed_batches) == MAX_FAILED_BATCHES:
                    break
            except BaseException as error:
                self._return_batch(number, repr(error))
                raise
            else:
                self._record(number, records, errors, now)
                refused_count = sum(not is_duplicate(words) for words in errors.values())
                refused_total += refused_count
                accepted_count += len(records) - refused_count
        if trouble is None:
            return PushResult(accepted_count, refused_total)
        return PushResult(accepted_count, refused_total, str(trouble), trouble.retry_after)

    def run(self, stop: Event, *, every: timedelta, clock: Callable[[], datetime]) -> None:
        """Push repeatedly until ``stop`` is set, as the body of a thread. Errors are logged, never raised."""
        while not stop.is_set():
            pause = every.total_seconds()
            try:
                result = self.push(now=clock())
                pause = max(pause, result.retry_after or 0)
                if result.trouble:
                    log.warning("usage stays in the outbox: %s", result.trouble)
                if result.refused:
                    log.error("the market refused %d usage records; see UsageOutbox.refused()", result.refused)
            except Exception:
                log.exception("pushing usage failed; it stays in the outbox")
            stop.wait(pause)

    def _send(self, records: Sequence[UsageRecord]) -> dict[str, str]:
        """Return errors by record. A refused batch is halved until the faulty records are separated, unless the market
        states that all are faulty."""
        try:
            errors = self._push(records)
        except MarketError as error:
            if error.code not in WRONG_RECORDS:
                raise
            if len(records) == 1 or error.wrong_records == len(records):
                return {record.record_id: str(error) for record in records}
            middle_index = len(records) // 2
            return self._send(records[:middle_index]) | self._send(records[middle_index:])
        record_ids = {record.record_id for record in records}
        return {record_id: words for record_id, words in errors.items() if record_id in record_ids}

    def _claim(self, now: datetime, besides: Sequence[int]) -> tuple[int, tuple[UsageRecord, ...]] | None:
        """Return the oldest batch that no process is pushing; create one from waiting records if there is none."""
        seconds_now, until = _seconds(now), _seconds(now + self._lease)
        with self._transaction() as connection:
            free_batch = connection.execute(
                "SELECT number FROM batch WHERE lease_until <= ? AND number NOT IN (SELECT value FROM json_each(?))"
                " ORDER BY number LIMIT 1",
                (seconds_now, json.dumps(besides)),
            ).fetchone()
            number = free_batch["number"] if free_batch else self._new_batch(connection)
            if number is None:
                return None
            connection.execute("UPDATE batch SET lease_until = ?, tries = tries + 1 WHERE number = ?", (until, number))
            rows = connection.execute("SELECT * FROM usage WHERE batch = ? ORDER BY position", (number,)).fetchall()
        return number, tuple(_record(row) for row in rows)

    def _new_batch(self, connection: sqlite3.Connection) -> int | None:
        waiting_rows = connection.execute(
            "SELECT position FROM usage WHERE state = 'waiting' AND batch IS NULL ORDER BY position LIMIT ?",
            (self._batch,),
        ).fetchall()
        if not waiting_rows:
            return None
        number = connection.execute("INSERT INTO batch DEFAULT VALUES").lastrowid
        connection.executemany(
            "UPDATE usage SET batch = ? WHERE position = ?", [(number, row["position"]) for row in waiting_rows]
        )
        return number

    def _return_batch(self, number: int, trouble: str) -> None:
        with self._transaction() as connection:
            connection.execute("UPDATE batch SET lease_until = 0, trouble = ? WHERE number = ?", (trouble, number))

    def _record(self, number: int, records: Sequence[UsageRecord], errors: Mapping[str, str], now: datetime) -> None:
        rows = [
            (verdict(errors.get(record.record_id)), errors.get(record.record_id, ""), _seconds(now))
            for record in records
        ]
        with self._transaction() as connection:
            connection.executemany(
                "UPDATE usage SET state = ?, error = ?, told_at = ?, batch = NULL WHERE record_id = ?",
                [(*row, record.record_id) for row, record in zip(rows, records, strict=True)],
            )
            connection.execute("DELETE FROM batch WHERE number = ?", (number,))

    # --- queries
    # -------------------------------------------------------------------------------------------------------

    def waiting(self) -> int:
        """Return the number of records that the market does not have yet."""
        with closing(self._open()) as connection:
            count: int = connection.execute("SELECT COUNT(*) FROM usage WHERE state = 'waiting'").fetchone()[0]
        return count

    def refused(self) -> tuple[UsageRecord, ...]:
        """Return records that the market refused and that were not corrected, each with its ``error``."""
        with closing(self._open()) as connection:
            rows = connection.execute("SELECT * FROM usage WHERE state = 'refused' ORDER BY position").fetchall()
        return tuple(_record(row) for row in rows)

    def find(self, record_id: str) -> UsageRecord | None:
        with closing(self._open()) as connection:
            row = connection.execute("SELECT * FROM usage WHERE record_id = ?", (record_id,)).fetchone()
        return None if row is None else _record(row)

    def forget(self, *, before: datetime) -> int:
        """Delete records that the market accepted before, and return their number. Keep them for as long as you may add
        the same again."""
        with self._transaction() as connection:
            cursor = connection.execute(
                "DELETE FROM usage WHERE state IN ('accepted', 'replaced') AND told_at < ?", (_seconds(before),)
            )
        return cursor.rowcount

    # --- the file --------------------------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=10, isolation_level=None)
        connection.row_factory = sqlite3.Row
        # Usage is money, so a commit must survive a power failure.
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with closing(self._open()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            # Closing rolls back after an exception; returning early commits.
            yield connection
            connection.execute("COMMIT")


def _insert(connection: sqlite3.Connection, record: UsageRecord) -> None:
    connection.execute(
        "INSERT INTO usage (record_id, instance_id, begins_at, ends_at, recorded_at, value, package_id, product_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            record.record_id,
            record.instance_id,
            _seconds(record.begins_at),
            _seconds(record.ends_at),
            _seconds(record.recorded_at),
            f"{record.value:f}",
            record.package_id,
            record.product_id,
        ),
    )


def _record(row: sqlite3.Row) -> UsageRecord:
    return UsageRecord(
        record_id=row["record_id"],
        instance_id=row["instance_id"],
        begins_at=_moment(row["begins_at"]),
        ends_at=_moment(row["ends_at"]),
        recorded_at=_moment(row["recorded_at"]),
        value=Decimal(row["value"]),
        package_id=row["package_id"],
        product_id=row["product_id"],
        state=UsageState(row["state"]),
        error=row["error"],
    )


def _seconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(seconds=1)


def _moment(seconds: int) -> datetime:
    return EPOCH + timedelta(seconds=seconds)
