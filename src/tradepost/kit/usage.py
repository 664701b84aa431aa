"""The outbox of usage records: written before anybody is told, pushed with the same ids until the market has them.

A record that was added survives a crash of the program and of the machine. It leaves in a batch of at most 1,000, whose
records stay together with the ids they got, however often the push is repeated: the market drops what it has already.
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

__all__ = ["BATCH", "Push", "Pushed", "UsageOutbox", "UsageRecord", "UsageState"]

log = logging.getLogger(__name__)

BATCH = 1000
"""Most records in one push (openapi-jointkit §C.5)."""
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
MOST_TROUBLE = 3
"""How many batches may meet a server error in one push before the market itself is thought to be ill."""


type Push = Callable[[Sequence[UsageRecord]], Mapping[str, str]]
"""Sends one batch and gives the records that the market called abnormal: id and words. Raises ``MarketError``."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What one ``push`` did. ``trouble``: why records are still waiting; they will be sent again.

    ``retry_after``: seconds that the market asks to be left alone, when it said so.
    """

    accepted: int = 0
    refused: int = 0
    trouble: str = ""
    retry_after: int | None = None


def fresh_id() -> str:
    return str(uuid4())


class UsageOutbox:
    """Usage records of one machine in one SQLite file; any number of threads and processes may add and push.

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
        """Remember usage durably; gives the record's id.

        The same instance, begin and end again is the same usage, as for the market (§C.5 rule 4): with the same value
        the id that it has is given, so that a program that died may simply add again. Raises ``ValueError`` for another
        value, and for what the interface cannot carry.
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
            known = connection.execute(
                "SELECT * FROM usage WHERE instance_id = ? AND begins_at = ? AND ends_at = ? AND state != 'replaced'",
                (instance_id, _seconds(begins_at), _seconds(ends_at)),
            ).fetchone()
            if known is None:
                _insert(connection, record)
                return record.record_id
        if Decimal(known["value"]) != value:
            raise ValueError(
                f"usage of {instance_id!r} in this time is remembered as {known['value']}, not {value}: the market takes"
                " the first; a refused record is changed with correct()"
            )
        return str(known["record_id"])

    def correct(self, record_id: str, *, value: Decimal, now: datetime) -> str:
        """Report a refused record again with another value, under a new id, which is given.

        Raises ``LookupError`` when there is no refused record of this id.
        """
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT * FROM usage WHERE record_id = ? AND state = 'refused'", (record_id,)
            ).fetchone()
            if row is None:
                raise LookupError(f"there is no refused record {record_id!r}")
            again = replace(
                _record(row),
                record_id=self._chance(),
                value=value,
                recorded_at=now,
                state=UsageState.WAITING,
                error="",
            )
            check(again)
            connection.execute("UPDATE usage SET state = 'replaced' WHERE record_id = ?", (record_id,))
            _insert(connection, again)
        return again.record_id

    # --- pushing ---------------------------------------------------------------------------------------------------

    def push(self, *, now: datetime) -> Pushed:
        """Push batches until nothing waits, or the market cannot take more now.

        A record that the market calls a duplicate counts as accepted: it has usage of this instance and time already,
        most often from a push whose answer got lost, and takes no other (§C.5 rule 4). ``find`` shows the words.
        """
        accepted = refused = 0
        failed: list[int] = []
        trouble: MarketError | None = None
        while (claimed := self._claim(now, besides=failed)) is not None:
            number, records = claimed
            try:
                errors = self._send(records)
            except MarketError as error:
                self._put_back(number, str(error))
                failed.append(number)
                trouble = error
                # A server error may be about this batch alone, which must not hold up those behind it.
                if error.status != SERVER_ERROR or len(failed) == MOST_TROUBLE:
                    break
            except BaseException as error:
                self._put_back(number, repr(error))
                raise
            else:
                self._record(number, records, errors, now)
                wrong = sum(not is_duplicate(words) for words in errors.values())
                refused += wrong
                accepted += len(records) - wrong
        if trouble is None:
            return Pushed(accepted, refused)
        return Pushed(accepted, refused, str(trouble), trouble.retry_after)

    def run(self, stop: Event, *, every: timedelta, clock: Callable[[], datetime]) -> None:
        """Push again and again until ``stop`` is set: the body of a thread. Faults are logged, never raised."""
        while not stop.is_set():
            pause = every.total_seconds()
            try:
                told = self.push(now=clock())
                pause = max(pause, told.retry_after or 0)
                if told.trouble:
                    log.warning("usage stays in the outbox: %s", told.trouble)
                if told.refused:
                    log.error("the market refused %d usage records; see UsageOutbox.refused()", told.refused)
            except Exception:
                log.exception("pushing usage failed; it stays in the outbox")
            stop.wait(pause)

    def _send(self, records: Sequence[UsageRecord]) -> dict[str, str]:
        """Errors by record. A batch that is refused as a whole is halved until the records at fault stand alone; not where the
        market says that all of them are: each part would only be refused again."""
        try:
            said = self._push(records)
        except MarketError as error:
            if error.code not in WRONG_RECORDS:
                raise
            if len(records) == 1 or error.wrong_records == len(records):
                return {record.record_id: str(error) for record in records}
            middle = len(records) // 2
            return self._send(records[:middle]) | self._send(records[middle:])
        mine = {record.record_id for record in records}
        return {record_id: words for record_id, words in said.items() if record_id in mine}

    def _claim(self, now: datetime, besides: Sequence[int]) -> tuple[int, tuple[UsageRecord, ...]] | None:
        """The oldest batch that nobody is pushing, made of waiting records when there is none."""
        at, until = _seconds(now), _seconds(now + self._lease)
        with self._transaction() as connection:
            free = connection.execute(
                "SELECT number FROM batch WHERE lease_until <= ? AND number NOT IN (SELECT value FROM json_each(?))"
                " ORDER BY number LIMIT 1",
                (at, json.dumps(besides)),
            ).fetchone()
            number = free["number"] if free else self._new_batch(connection)
            if number is None:
                return None
            connection.execute("UPDATE batch SET lease_until = ?, tries = tries + 1 WHERE number = ?", (until, number))
            rows = connection.execute("SELECT * FROM usage WHERE batch = ? ORDER BY position", (number,)).fetchall()
        return number, tuple(_record(row) for row in rows)

    def _new_batch(self, connection: sqlite3.Connection) -> int | None:
        waiting = connection.execute(
            "SELECT position FROM usage WHERE state = 'waiting' AND batch IS NULL ORDER BY position LIMIT ?",
            (self._batch,),
        ).fetchall()
        if not waiting:
            return None
        number = connection.execute("INSERT INTO batch DEFAULT VALUES").lastrowid
        connection.executemany(
            "UPDATE usage SET batch = ? WHERE position = ?", [(number, row["position"]) for row in waiting]
        )
        return number

    def _put_back(self, number: int, trouble: str) -> None:
        with self._transaction() as connection:
            connection.execute("UPDATE batch SET lease_until = 0, trouble = ? WHERE number = ?", (trouble, number))

    def _record(self, number: int, records: Sequence[UsageRecord], errors: Mapping[str, str], now: datetime) -> None:
        told = [
            (verdict(errors.get(record.record_id)), errors.get(record.record_id, ""), _seconds(now))
            for record in records
        ]
        with self._transaction() as connection:
            connection.executemany(
                "UPDATE usage SET state = ?, error = ?, told_at = ?, batch = NULL WHERE record_id = ?",
                [(*row, record.record_id) for row, record in zip(told, records, strict=True)],
            )
            connection.execute("DELETE FROM batch WHERE number = ?", (number,))

    # --- asking ----------------------------------------------------------------------------------------------------

    def waiting(self) -> int:
        """How many records the market does not have yet."""
        with closing(self._open()) as connection:
            count: int = connection.execute("SELECT COUNT(*) FROM usage WHERE state = 'waiting'").fetchone()[0]
        return count

    def refused(self) -> tuple[UsageRecord, ...]:
        """Records that the market refused and that were not corrected yet, each with its ``error``."""
        with closing(self._open()) as connection:
            rows = connection.execute("SELECT * FROM usage WHERE state = 'refused' ORDER BY position").fetchall()
        return tuple(_record(row) for row in rows)

    def find(self, record_id: str) -> UsageRecord | None:
        with closing(self._open()) as connection:
            row = connection.execute("SELECT * FROM usage WHERE record_id = ?", (record_id,)).fetchone()
        return None if row is None else _record(row)

    def forget(self, *, before: datetime) -> int:
        """Delete what the market accepted before; gives how many. Keep it for longer than you may add the same again."""
        with self._transaction() as connection:
            gone = connection.execute(
                "DELETE FROM usage WHERE state IN ('accepted', 'replaced') AND told_at < ?", (_seconds(before),)
            )
        return gone.rowcount

    # --- the file --------------------------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=10, isolation_level=None)
        connection.row_factory = sqlite3.Row
        # Usage is money: a commit must survive a power cut.
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with closing(self._open()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            # Closing rolls back what an exception leaves behind; leaving by ``return`` commits.
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
