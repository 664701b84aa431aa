"""How many usage records per second does a market accept from its sellers, in signed pushes of 100, on SQLite?"""

from __future__ import annotations

from bench import usage_run
from bench.answer import Answer, Need, Runs, Say, Scale
from bench.places import folder, open_market


def measure(scale: Scale, say: Say) -> Answer:
    runs = Runs(say)
    with folder() as data:
        open_market(data)
        usage_run.measure(runs, scale, data, copy=usage_run.copied_to_sqlite)
    return usage_run.answer(
        runs, name="usage-sqlite", database="SQLite", bare="batch insert, 100 rows a commit",
        need=Need(text="records/s", reached=runs.value(usage_run.OURS), bound=10_000),
    )  # fmt: skip
