"""How much memory does a worker need to export a list of a million rows, and does the page show its progress?"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bench.answer import Answer, Need, Runs, Say, Scale
from bench.places import folder, open_market, postgresql
from bench.programs import Program, ProgramFailed
from bench.questions import growth

if TYPE_CHECKING:
    from tests.factories.many import Size
    from tradepost.market.base.models import LeasedJob
    from tradepost.market.exports.models import Export

MAX_MEGABYTES = 64
FULL, USUAL = 1_000_000, 100_000
"""Orders at full size, and by default."""
MIN_PROGRESS_VALUES = 10
"""Minimum number of different progress values on the page of exports."""
LOOK_EVERY = 0.1
FORMATS = ("csv", "xlsx")
MEMORY, PACE, PROGRESS = "memory", "pace", "progress"


def measure(scale: Scale, say: Say) -> Answer:
    with postgresql() as server, folder() as data:
        open_market(data, database_url=server)
        from tests.factories import many

        size = many.Size(orders=scale.orders or scale.of(USUAL, 12_000), sellers=scale.of(1000, 100))
        with growth.fast_loading(server):
            many.fill(size, now=datetime.now(UTC))
        many.analyze(vacuum=True)
        say(f"a market with {size.orders:,} orders")
        return measure_exports(size, scale, say)


def measure_exports(size: Size, scale: Scale, say: Say) -> Answer:
    """Export all orders of this process's market in each format."""
    runs = Runs(say)
    for _repeat in range(scale.repeats):
        for kind in FORMATS:
            _export(runs, size, kind)
    return Answer(
        name="export",
        title=f"The operators' list of {size.orders:,} orders as a file: a worker's job, PostgreSQL",
        ratios=(),
        figures=runs.figures(),
        needs=(
            Need(
                text="MB at most by which the worker's memory grows",
                reached=max(max(runs.found[f"{MEMORY}, {kind}"]) for kind in FORMATS),
                bound=MAX_MEGABYTES,
                at_most=True,
            ),
            Need(
                text="different numbers of rows seen in progress",
                reached=min(min(runs.found[f"{PROGRESS}, {kind}"]) for kind in FORMATS),
                bound=MIN_PROGRESS_VALUES,
            ),
        ),
        full=size.orders >= FULL,
        notes=("Every export is compared with the orders: as many rows, or there is no result.",),
    )


def _export(runs: Runs, size: Size, kind: str) -> None:
    from tradepost.market.base import leased_jobs
    from tradepost.market.base.config import config
    from tradepost.market.exports import order

    export = _order_export(size, kind)
    with Program("bench.exporting") as worker:
        worker.ready()
        begun = worker.go()
        seen = _follow_progress(worker, export)
        spent = time.monotonic() - begun
        (grown,) = worker.done()
    export.refresh_from_db()
    if export.status != export.Status.DONE or export.rows != size.orders:
        job = leased_jobs.newest(order.KIND, str(export.pk))
        raise ProgramFailed(f"{export.rows} rows of {size.orders}: {export.status} {job.error if job else ''}")
    runs.add(f"{MEMORY}, {kind}", int(grown) / 1e6, "MB")
    runs.add(f"{PACE}, {kind}", export.rows / spent, "rows/s")
    runs.add(f"{PROGRESS}, {kind}", seen, "numbers seen")
    order.delete(export, files=config().files, now=datetime.now(UTC))


def _order_export(size: Size, kind: str) -> Export:
    from django.db import transaction

    from tradepost.market.exports import order
    from tradepost.market.exports.models import Export

    export = Export(
        user_id=size.operator, site="console", listing="console:orders", title="Orders", path="/console/orders/", format=kind,
        language="en", name="orders",
    )  # fmt: skip
    with transaction.atomic():
        return order.order_export(export, now=datetime.now(UTC))


def _follow_progress(worker: Program, export: Export) -> int:
    """Poll the progress like the page. Return how many different values it showed."""
    from tradepost.market.base import leased_jobs
    from tradepost.market.base.work import State
    from tradepost.market.exports import order

    seen: set[int] = set()
    while True:
        job: LeasedJob | None = leased_jobs.newest(order.KIND, str(export.pk))
        if job is None or job.state == State.ENDED:
            return len(seen)
        if not worker.alive():
            raise ProgramFailed("the worker ended before the export did")
        if job.done:
            seen.add(job.done)
        time.sleep(LOOK_EVERY)
