"""How many signed, verified, durable seller calls per second does one worker make on SQLite?"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bench.answer import Answer, Need, Runs, Say, Scale, installed
from bench.places import folder, open_market
from bench.programs import Program

OURS, COMMITS, RIVAL = "ours", "SQLite commits", "huey"


def measure(scale: Scale, say: Say) -> Answer:
    sellers = scale.of(1000, 50)
    runs = Runs(say)
    with folder() as data, Program("bench.instant_seller", *scale.verify) as server:
        port, _ = server.ready()
        url = f"http://127.0.0.1:{port}"
        open_market(data)
        from bench import engine_run, rows

        say(f"a market with {sellers:,} sellers")
        shop = rows.open_shop(lambda i: f"{url}/s/{i}", sellers=sellers, now=datetime.now(UTC))
        for repeat in range(scale.repeats):
            engine_run.measure(runs, OURS, shop, rows.freeze, count=scale.of(4000, 200), tag=f"F{repeat}x")
            runs.add(COMMITS, commit_rate(data / "commits.sqlite3", seconds=0.1 if scale.quick else 1.5), "commits/s")
            if installed("huey", "urllib3"):
                count = scale.of(600, 60)
                path = data / f"huey{repeat}.sqlite3"
                with Program("bench.huey_worker", path, url, count, sellers) as rival:
                    runs.add(RIVAL, count / rival.timed(count), "calls/s")
    return _answer(runs)


def commit_rate(path: Path, *, seconds: float) -> float:
    """Return how often per second this disk makes a changed row durable."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE IF NOT EXISTS row (id INTEGER PRIMARY KEY, n INTEGER)")
        database.execute("INSERT OR REPLACE INTO row VALUES (1, 0)")
        commits, begun = 0, time.perf_counter()
        while (spent := time.perf_counter() - begun) < seconds:
            database.execute("UPDATE row SET n = n + 1 WHERE id = 1")
            commits += 1
        return commits / spent


def _answer(runs: Runs) -> Answer:
    ratios = [runs.ratio("the commit rate (calls share commits)", OURS, COMMITS)]
    needs = [Need(text="calls/s", reached=runs.value(OURS), bound=1000)]
    notes = []
    if RIVAL in runs.found:
        ratios.insert(0, runs.ratio("huey", OURS, RIVAL))
        needs.append(Need(text="times huey", reached=ratios[0].value, bound=1))
    else:
        notes.append("huey is not installed: no rival was measured.")
    return Answer(
        name="engine-sqlite",
        title="Signed, verified, durable seller calls a second: one worker, SQLite, everything on, instant seller",
        ratios=tuple(ratios),
        figures=runs.figures(),
        needs=tuple(needs),
        notes=tuple(notes),
    )
