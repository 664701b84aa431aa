"""How many usage records per second does a market accept from its sellers, in signed pushes of 100, on PostgreSQL?"""

from __future__ import annotations

from bench import usage_run
from bench.answer import Answer, Need, Runs, Say, Scale
from bench.places import folder, open_market, postgresql_server
from bench.programs import processor_time


def measure(scale: Scale, say: Say) -> Answer:
    runs = Runs(say)
    with postgresql_server() as cluster, folder() as data:
        open_market(data, database_url=cluster.url)
        usage_run.measure(
            runs, scale, data, copy=usage_run.copied_to_postgresql, database=lambda: processor_time(cluster.process.pid)
        )
    return usage_run.answer(
        runs, name="usage", database="PostgreSQL", bare="COPY, 100 rows a commit",
        need=Need(text="records/s", reached=runs.value(usage_run.OURS), bound=20_000),
    )  # fmt: skip
