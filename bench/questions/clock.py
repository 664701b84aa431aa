"""How long does a sandbox take for years of many services, with reminders, renewals, freezes and releases, while its
clock moves?

On SQLite, a sandbox's default database; ``clock_postgresql`` uses the other one.
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from datetime import timedelta

from bench.answer import Answer, Need, Runs, Say, Scale
from bench.places import folder, open_market, postgresql
from bench.programs import Program, ProgramFailed

SERVICE_YEARS = 10 * 10_000
"""Services × years for which issue 11 sets a limit in minutes."""
STEP = timedelta(days=30)
PATIENCE = 600.0
SPENT, YEARS, WORKER = "the whole", "services × years", "processor time of the worker for a service and year"
EACH, LIMIT = "a service and year", 15 * 60_000 / SERVICE_YEARS
"""Maximum milliseconds per service and year, nine, so that all finish in fifteen minutes."""


def measure(scale: Scale, say: Say) -> Answer:
    """Run once, ignoring the number of repeats: a market's clock only moves forward, and years take long."""
    return measure_on(scale, say, name="clock", services=SERVICE_YEARS // 10)


def measure_on(scale: Scale, say: Say, *, name: str, services: int, on_postgresql: bool = False) -> Answer:
    """``services``: number of services for one year, or for ten years from ten thousand, unless the scale sets it."""
    services, sellers = scale.orders or scale.of(services, 12), scale.of(50, 2)
    years = 10 if services >= SERVICE_YEARS // 10 else 1
    runs = Runs(say)
    base = postgresql() if on_postgresql else nullcontext("")
    with base as database, folder() as data, Program("bench.instant_seller", *scale.verify) as server:
        port, _ = server.ready()
        open_market(data, database_url=database)
        from bench import rows
        from bench import services as in_bulk
        from tradepost.market.base import clock

        now = clock.now()
        shop = rows.open_shop(lambda i: f"http://127.0.0.1:{port}/s/{i}", sellers=sellers, now=now)
        buyers = in_bulk.rich_buyers(max(services // 100, 10), now)
        within = timedelta(days=scale.of(365, 26))
        in_bulk.in_use(in_bulk.yearly_offers(shop), buyers, count=services, now=now, ends_within=within)
        _run(runs, say, span=timedelta(days=scale.of(365 * years, 50)), services=services)
    of = f"{services:,} services through {years} year(s) of a sandbox's clock"
    title = f"{of}: one worker, {'PostgreSQL' if on_postgresql else 'SQLite'}, everything on"
    return _answer(runs, name=name, title=title, years=years, services=services)


def _run(runs: Runs, say: Say, *, span: timedelta, services: int) -> None:
    from tradepost.market.base import clock

    with Program("bench.worker", "bench-clock") as worker:
        worker.ready()
        before, begun = worker.processor_time(), worker.go()
        ends = clock.now() + span
        while (now := clock.now()) < ends:
            clock.set_target(min(STEP, ends - now))
            _wait(worker)
            say(f"{now:%Y-%m}: {time.monotonic() - begun:.1f} s")
        spent, busy = time.monotonic() - begun, worker.processor_time() - before
    _check()
    runs.add(SPENT, spent, "s")
    years = services * (span / timedelta(days=365))
    runs.add(YEARS, years / spent, "a second")
    runs.add(EACH, 1000 * spent / years, "ms")
    runs.add(WORKER, 1000 * busy / years, "ms")
    say(
        f"{EACH} took {1000 * spent / years:.1f} ms, of at most {LIMIT:.0f}; ten years of 10,000: {SERVICE_YEARS * spent / years / 60:.0f} min"
    )


def _wait(worker: Program) -> None:
    from tradepost.market.base import clock

    patience = time.monotonic() + PATIENCE
    while clock.target() is not None:
        if not worker.alive() or time.monotonic() > patience:
            raise ProgramFailed(f"the clock stands at {clock.now()}")
        time.sleep(0.02)


def _check() -> None:
    """Check that all due work is done and the ledger balances."""
    from tradepost.market.base import clock
    from tradepost.market.base.models import Event, Job
    from tradepost.market.fulfilment.models import Operation
    from tradepost.market.payments import ledger
    from tradepost.market.subscriptions.models import Subscription

    now = clock.now() - timedelta(minutes=1)
    found = {
        "over and usable": Subscription.objects.filter(status="active", freeze_at__lte=now).count(),
        "kept too long": Subscription.objects.filter(status="frozen", release_at__lte=now).count(),
        "stopped": Operation.objects.filter(status="stopped").count(),
        "failed": Event.objects.exclude(error="").count() + Job.objects.exclude(error="").count(),
        "released": Subscription.objects.filter(status="released").count(),
    }
    if any(number for name, number in found.items() if name != "released") or not found["released"]:
        raise ProgramFailed(str(found))
    if problems := ledger.verify().problems:
        raise ProgramFailed(f"the ledger does not balance: {problems[:3]}")


def _answer(runs: Runs, *, name: str, title: str, years: int, services: int) -> Answer:
    from bench import services as in_bulk

    figures = runs.figures()
    spent = next(figure.value for figure in figures if figure.name == SPENT)
    complete = spent * SERVICE_YEARS / (services * years) / 60
    each = next(figure.value for figure in figures if figure.name == EACH)
    return Answer(
        name=name,
        title=title,
        ratios=(),
        figures=figures,
        needs=(
            Need(text="minutes for 10 years × 10,000 services", reached=complete, bound=15, at_most=True),
            Need(text="milliseconds for a service and year", reached=each, bound=LIMIT, at_most=True),
        ),
        notes=(
            f"Services of a year, bought at any moment; {in_bulk.RENEWED} of 10 are renewed automatically, year after year.",
            "The others end: three reminders, grace, freeze, retention, release.",
            *(() if services * years == SERVICE_YEARS else ("The minutes are extrapolated from this smaller run.",)),
        ),
    )
