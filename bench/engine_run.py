"""A run of Tradepost's worker over due calls, timed from its start until every row is finished."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from tradepost.market.base.models import Event
from tradepost.market.base.work import State
from tradepost.market.production.models import Address, Attempt, Call
from tradepost.protocols.commands import Command

from . import rows
from .answer import Runs
from .programs import Program, ProgramFailed

PATIENCE = 120.0
LOOK_EVERY = 0.02


@dataclass(frozen=True, slots=True)
class Pace:
    """Calls per second. ``recorded``: until the last outcome was committed; ``settled``: until the reactions to its
    events ran, the sustainable rate."""

    recorded: float
    settled: float


def measure(
    runs: Runs, name: str, shop: rows.Shop, command: Callable[[int, str], Command], *, count: int, tag: str
) -> None:
    """Insert ``count`` calls, start a worker, and add both rates to the runs."""
    rows.insert_calls(shop, command, tag=tag, count=count, now=datetime.now(UTC))
    with Program("bench.worker", f"bench-{tag}") as worker:
        pace = drain(worker, count)
    check(tag, count)
    runs.add(f"{name}, events not awaited", pace.recorded, "calls/s")
    runs.add(name, pace.settled, "calls/s")


def drain(worker: Program, count: int) -> Pace:
    """Let a ready worker process all due calls. Raises ``ProgramFailed`` unless each succeeded in its first attempt."""
    worker.ready()
    begun = worker.go()
    looks, recorded = 0, 0.0
    while True:
        if not worker.alive():
            raise ProgramFailed("the worker ended while calls were open")
        if not recorded and not _open_calls():
            recorded = time.monotonic() - begun
        if recorded and not Event.objects.exists():
            break
        looks += 1
        if looks % 50 == 0 and (time.monotonic() - begun > PATIENCE or Address.objects.filter(failures__gt=0).exists()):
            raise ProgramFailed(f"the run went wrong: {_state()}")
        time.sleep(LOOK_EVERY)
    settled = time.monotonic() - begun
    return Pace(count / recorded, count / settled)


def _open_calls() -> bool:
    # One query per partial index; a single condition over all states would read the whole table.
    return any(Call.objects.filter(state=state).exists() for state in (State.WAITING, State.LEASED, State.HELD))


def check(tag: str, count: int) -> None:
    """Check that every call succeeded in its first attempt and has its history; otherwise the rate is meaningless."""
    done = Call.objects.filter(order_number__startswith=f"CS{tag}", outcome=Call.Outcome.DONE, attempts=1).count()
    kept = Attempt.objects.filter(call__order_number__startswith=f"CS{tag}", verdict="done", status=200).exclude(
        response_body=""
    )
    if done != count or kept.count() != count:
        raise ProgramFailed(f"{done} of {count} calls done at the first try, {kept.count()} attempts kept: {_state()}")


def _state() -> str:
    last = Attempt.objects.exclude(verdict="done").order_by("-pk").values_list("verdict", "detail").first()
    open_ones = {s.label: Call.objects.filter(state=s).count() for s in State}
    return f"calls {open_ones}, events {Event.objects.count()}, last trouble {last}"
