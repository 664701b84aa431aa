"""How late is a call sent after its due time, and do dead sellers delay others?

10,000 sellers with an address each, 200 calls per second. In the second phase of each repeat one seller in a hundred is
a black hole. From the start, as many calls hang there as in a running market (2 per second for the timeout of 20 s).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.request import urlopen

from bench.answer import Answer, Need, Runs, Say, Scale, percentile
from bench.places import folder, open_market, postgresql
from bench.programs import Program, ProgramFailed

if TYPE_CHECKING:
    from bench.rows import Shop

CALLS_PER_SECOND = 200
DEAD_INTERVAL = 100
HANGING = 40
STRIDE = 7919
"""A prime, so that calls adjacent in time are not adjacent in the database."""
LEAD = timedelta(seconds=1)
ALIVE, DEAD = "p95, all sellers answer", "p95, 1 % of sellers dead"


def measure(scale: Scale, say: Say) -> Answer:
    sellers, seconds = scale.of(10_000, 200), scale.of(8, 1)
    runs = Runs(say)
    with postgresql() as database, folder() as data, Program("bench.instant_seller", *scale.verify) as server:
        port, hole = server.ready()
        open_market(data, database_url=database)
        from bench import rows

        say(f"a market with {sellers:,} sellers")
        shop = rows.open_shop(
            lambda i: f"http://127.0.0.1:{hole if _dead(i) else port}/s/{i}", sellers=sellers, now=datetime.now(UTC)
        )
        for repeat in range(scale.repeats):
            late = phase(shop, f"A{repeat}", port, seconds=seconds, with_dead=False)
            runs.add("p50, all sellers answer", percentile(late, 0.5), "ms")
            runs.add(ALIVE, percentile(late, 0.95), "ms")
            late = phase(shop, f"D{repeat}", port, seconds=seconds, with_dead=True)
            runs.add("p50, 1 % of sellers dead", percentile(late, 0.5), "ms")
            runs.add(DEAD, percentile(late, 0.95), "ms")
    return _answer(runs)


def _dead(seller: int) -> bool:
    return seller % DEAD_INTERVAL == DEAD_INTERVAL - 1


def phase(
    shop: Shop, tag: str, port: str, *, seconds: int, with_dead: bool, meanwhile: Callable[[], None] = lambda: None
) -> list[float]:
    """Return milliseconds between due and received, for calls to answering sellers, all of which must arrive.
    ``meanwhile``: started just before the first call is due."""
    from bench import rows

    everybody = [i * STRIDE % len(shop.sellers) for i in range(len(shop.sellers))]
    chosen = [i for i in everybody if with_dead or not _dead(i)]
    with Program("bench.worker", f"bench-{tag}") as worker:
        worker.ready()
        worker.go()
        now = datetime.now(UTC)
        if with_dead:
            dead = [i for i in everybody if _dead(i)]
            rows.insert_calls(shop, rows.freeze, tag=f"{tag}h", count=HANGING, now=now, sellers=dead)
        calls = rows.insert_calls(
            shop,
            rows.freeze,
            tag=tag,
            count=seconds * CALLS_PER_SECOND,
            now=datetime.now(UTC) + LEAD,
            sellers=chosen,
            apart=timedelta(seconds=1 / CALLS_PER_SECOND),
        )
        meanwhile()
        due = {call.instance_id: call.due_at.timestamp() for call, i in _with_sellers(calls, chosen) if not _dead(i)}
        arrived: dict[str, float] = {}
        patience = time.monotonic() + LEAD.total_seconds() + 4 * seconds + 10
        while len(arrived.keys() & due.keys()) < len(due):
            if time.monotonic() > patience or not worker.alive():
                raise ProgramFailed(f"{len(arrived)} of {len(due)} calls arrived")
            time.sleep(0.5)
            with urlopen(f"http://127.0.0.1:{port}/arrivals") as answer:  # our own server
                arrived |= json.load(answer)
    forget()
    return [(arrived[name] - moment) * 1000 for name, moment in due.items()]


def _with_sellers[C](calls: Sequence[C], chosen: Sequence[int]) -> list[tuple[C, int]]:
    return [(call, chosen[i % len(chosen)]) for i, call in enumerate(calls)]


def forget() -> None:
    """End hanging calls, so that the next phase starts without them."""
    from tradepost.market.base.models import Event
    from tradepost.market.base.work import State
    from tradepost.market.production.models import Address, Call

    Call.objects.exclude(state=State.ENDED).update(state=State.ENDED, outcome=Call.Outcome.CANCELLED)
    Event.objects.all().delete()
    Address.objects.exclude(failures=0).update(breaker=Address.Breaker.CLOSED, failures=0, trial_at=None)


def _answer(runs: Runs) -> Answer:
    moved = runs.ratio("the p95 without dead sellers", DEAD, ALIVE)
    return Answer(
        name="latency",
        title=f"From due to received: {CALLS_PER_SECOND} calls a second over 10,000 sellers, one worker, PostgreSQL",
        ratios=(moved,),
        figures=runs.figures(),
        needs=(
            Need(text="ms at p95", reached=max(runs.value(ALIVE), runs.value(DEAD)), bound=150, at_most=True),
            Need(text="times the p95 without dead sellers", reached=moved.value, bound=1.1, at_most=True),
        ),
        notes=("Only calls to sellers that answer are counted; every one of them arrived.",),
    )
