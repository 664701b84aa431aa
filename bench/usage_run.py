"""Sellers push usage to a market served as in production; then the same rows are copied into a bare table.

The pushes are requests on kept connections, each with its own signature and nonce. A run is only valid if the market
then has each sent record once.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

from tradepost.cli.serve import free_port
from tradepost.protocols.open_api.usage_items import load_items

from .answer import Answer, Need, Runs, Scale
from .load import send
from .programs import Program, ProgramFailed

if TYPE_CHECKING:
    from .metered import Metered

RECORDS_PER_PUSH = 100
OURS, BARE, READ = "taken", "bare", "read alone"
WEB_WORKERS = 2
"""Web processes: one per core."""
CONNECTIONS = 32
PATIENCE = 60.0

type Copy = Callable[[Path, int], float]
"""Copies the given number of latest rows from the data folder and returns the seconds."""


def measure(
    runs: Runs, scale: Scale, data: Path, *, copy: Copy, database: Callable[[], float] | None = None
) -> None:  # fmt: skip
    """``database``: returns the CPU seconds of its server."""
    from . import metered

    sellers, services, count = scale.of(50, 2), scale.of(20, 5), scale.of(2000, 12)
    runs.say(f"a market with {sellers * services:,} services on demand of {sellers} sellers")
    market = metered.open_metered(sellers=sellers, services=services, now=datetime.now(UTC).replace(microsecond=0))
    begin = 0
    with served(scale.of(WEB_WORKERS, 1)) as (port, web):
        for _ in range(scale.repeats):
            warm = max(count // 10, 1)
            _push(market, range(begin, begin + warm), port)
            numbers = range(begin + warm, begin + warm + count)
            begin = numbers.stop
            _measure(runs, _pushes(market, numbers, port), port, web, database)
            runs.add(BARE, count * RECORDS_PER_PUSH / copy(data, count * RECORDS_PER_PUSH), "records/s")
            _measure_reads(runs, market)
    if _stored_count() != begin * RECORDS_PER_PUSH:
        raise ProgramFailed(f"of {begin * RECORDS_PER_PUSH} records {_stored_count()} are there")


def answer(runs: Runs, *, name: str, database: str, bare: str, need: Need) -> Answer:
    return Answer(
        name=name,
        title=f"Usage records, 100 a signed push, resolved, deduplicated and durable: {WEB_WORKERS} web workers, {database}",
        ratios=(runs.ratio(f"a bare {bare}, of the same rows with the same indexes", OURS, BARE),),
        figures=runs.figures(),
        needs=(
            need,
            Need(text="µs to read a record", reached=1e6 / runs.value(READ), bound=10, at_most=True),
        ),
        notes=(
            f"Over {CONNECTIONS} kept connections; each push has 5 windows of each of 20 services, and is signed with a nonce of its own.",
            "The bare rows have no foreign keys and nobody asks about them; one connection writes them, without a network of requests.",
        ),
    )  # fmt: skip


def _measure(runs: Runs, pushes: list[bytes], port: int, web: Program, database: Callable[[], float] | None) -> None:
    web_before = web.processor_time()
    database_before = database() if database else 0
    pushes_a_second, _ = send(port, pushes, must_hold=b'"MKT.0000"', connections=CONNECTIONS)
    runs.add(OURS, pushes_a_second * RECORDS_PER_PUSH, "records/s")
    records = len(pushes) * RECORDS_PER_PUSH
    runs.add("processor time of the web for a record", 1e6 * (web.processor_time() - web_before) / records, "µs")
    if database:
        runs.add("of the database", 1e6 * (database() - database_before) / records, "µs")


def _pushes(market: Metered, numbers: range, port: int) -> list[bytes]:
    from . import metered

    now = datetime.now(UTC).replace(microsecond=0)
    return list(
        metered.pushes(
            market, numbers, each=RECORDS_PER_PUSH // market.services, port=port, now=now, wall=datetime.now(UTC)
        )
    )


def _push(market: Metered, numbers: range, port: int) -> None:
    send(port, _pushes(market, numbers, port), must_hold=b'"MKT.0000"', connections=CONNECTIONS)


def _stored_count() -> int:
    """Return the number of stored records."""
    from tradepost.market.metering.models import Record

    return Record.objects.count()


def _measure_reads(runs: Runs, market: Metered) -> None:
    from . import metered

    listed = metered.records(market, 0, 0, each=RECORDS_PER_PUSH // market.services, now=datetime.now(UTC))
    body, spent = metered.body_of(listed), []
    for _ in range(50):
        begun = time.perf_counter()
        load_items(body)
        spent.append(time.perf_counter() - begun)
    runs.add(READ, RECORDS_PER_PUSH / sorted(spent)[len(spent) // 2], "records/s")


@contextmanager
def served(workers: int) -> Iterator[tuple[int, Program]]:
    """Provide the market's web server once it answers."""
    port = free_port()
    server = Program("bench.web_server", "market", port, workers)
    try:
        patience = time.monotonic() + PATIENCE
        while not _answers(port):
            if time.monotonic() > patience or not server.alive():
                raise ProgramFailed("the market does not answer")
            time.sleep(0.05)
        yield port, server
    finally:
        server.end(within=20)


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


# --- the limit --------------------------------------------------------------------------------------------------------


def copied_to_postgresql(_data: Path, number: int) -> float:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bare_usage; CREATE TABLE bare_usage (LIKE metering_record INCLUDING ALL)")
        latest = f"SELECT * FROM metering_record ORDER BY id DESC LIMIT {number:d}"  # noqa: S608  # a number
        with cursor.copy(f"COPY ({latest}) TO STDOUT") as told:
            lines = b"".join(map(bytes, told)).splitlines(keepends=True)
        begun = time.perf_counter()
        for first in range(0, len(lines), RECORDS_PER_PUSH):
            with cursor.copy("COPY bare_usage FROM STDIN") as taking:
                taking.write(b"".join(lines[first : first + RECORDS_PER_PUSH]))
        return time.perf_counter() - begun


def copied_to_sqlite(data: Path, number: int) -> float:
    """On a separate connection with the market's durability, without foreign keys."""
    with closing(sqlite3.connect(data / "tradepost.sqlite3", isolation_level=None)) as market:
        made = market.execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'metering_record' AND type <> 'trigger'")
        schema = [text for (text,) in made if text]
        found = market.execute("SELECT * FROM metering_record ORDER BY id DESC LIMIT ?", [number]).fetchall()
    path = data / "bare.sqlite3"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as bare:
        bare.execute("PRAGMA journal_mode=WAL")
        bare.execute("PRAGMA synchronous=FULL")
        for text in schema:
            bare.execute(re.sub(r"\bREFERENCES\b.*?INITIALLY DEFERRED", "", text))
        places = ", ".join("?" * len(found[0]))
        begun = time.perf_counter()
        for first in range(0, len(found), RECORDS_PER_PUSH):
            bare.execute("BEGIN IMMEDIATE")
            bare.executemany(f"INSERT INTO metering_record VALUES ({places})", found[first : first + RECORDS_PER_PUSH])  # noqa: S608
            bare.execute("COMMIT")
        return time.perf_counter() - begun
