"""Open a slot: create a run and a call for every saved case of products on sale, each with its due time (saas-v2
§6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby

from tradepost.market.base import rows
from tradepost.market.base.errors import Refused
from tradepost.market.debugging.asked import build_command, form_of
from tradepost.market.debugging.models import DebugCase
from tradepost.market.production import calls
from tradepost.market.production.models import Call

from .models import ProbeRun, ProbeSlot, Verdict
from .scope import cases_after
from .timetable import CASE_INTERVAL, Slot, start_delay
from .watch import Watch

BATCH_SIZE = 100
"""Maximum number of cases per run of the timer. Small, so that it hardly affects the worker's other calls."""
BATCH_PAUSE = timedelta(seconds=1)
"""Delay between two runs: 10,000 cases are created within two minutes, of the two hours over which they are called.
Shelf §3 suggests 500 per run, which delayed a worker's calls (bench ``probes``)."""
UNREADABLE = "unreadable"
"""Reason of a run whose case this release cannot read."""


def open_batch(slot: ProbeSlot, times: Slot, cursor: int, *, watch: Watch, now: datetime) -> int | None:
    """Create runs for cases of addresses after ``cursor``. Return the new cursor, or None after the last case.

    A slot that opens late distributes its cases over the remaining time.
    """
    next_cases = cases_after(cursor, BATCH_SIZE + 1, watch=watch)
    by_address = [list(group) for _, group in groupby(next_cases, key=lambda case: case.address_id)]
    complete = by_address[:-1] if len(next_cases) > BATCH_SIZE and len(by_address) > 1 else by_address
    begins = max(times.opens, now)
    runs = [
        _run(slot, case, due_at, now)
        for group in complete
        for case, due_at in zip(group, _due_times(slot, group, begins, times.closes), strict=True)
    ]
    gap, tries = watch.probing.gap, watch.probing.tries
    create_runs(
        runs, [case for group in complete for case in group], give_up_at=times.last_try(tries=tries, gap=gap), now=now
    )
    return None if len(complete) == len(by_address) and len(next_cases) <= BATCH_SIZE else complete[-1][0].address_id


def _due_times(slot: ProbeSlot, group: Sequence[DebugCase], begins: datetime, closes: datetime) -> list[datetime]:
    window = closes - begins
    first_moment = begins + start_delay(slot.date, slot.half, group[0].address_id, cases=len(group), window=window)
    return [first_moment + n * CASE_INTERVAL for n in range(len(group))]


def _run(slot: ProbeSlot, case: DebugCase, due_at: datetime, now: datetime) -> ProbeRun:
    return ProbeRun(
        slot=slot, seller_id=case.seller_id, address_id=case.address_id, case=case, activity=case.activity,
        variant=case.variant, started_at=now, due_at=due_at,
    )  # fmt: skip


def probe_once(slot: ProbeSlot, cases: Sequence[DebugCase], *, now: datetime) -> list[ProbeRun]:
    """Create the runs of a manual probe: one attempt each, immediately, also if the circuit breaker is open."""
    runs = [_run(slot, case, now, now) for case in cases]
    return create_runs(runs, cases, give_up_at=now - timedelta(minutes=1), now=now)


def create_runs(
    runs: list[ProbeRun], cases: Sequence[DebugCase], *, give_up_at: datetime, now: datetime
) -> list[ProbeRun]:
    """Create runs with their calls, in the caller's transaction. Unreadable cases end immediately as unknown."""
    runs = rows.create(runs)
    prepared_calls: list[Call] = []
    runs_with_calls: list[ProbeRun] = []
    unreadable: list[int] = []
    for run, case in zip(runs, cases, strict=True):
        try:
            command = build_command(form_of(case.address, case.activity, case.variant), case.values)
            call = calls.probe(case.address, command, owner=run.pk, due_at=run.due_at, give_up_at=give_up_at, now=now)
        except Refused:  # a form of another release
            unreadable.append(run.pk)
        else:
            prepared_calls.append(call)
            runs_with_calls.append(run)
    for run, call in zip(runs_with_calls, calls.store_calls(prepared_calls) if prepared_calls else [], strict=True):
        run.call = call
    rows.update(
        "probes_proberun", {"call_id": "bigint"}, [{"id": run.pk, "call_id": run.call_id} for run in runs_with_calls]
    )
    ProbeRun.objects.filter(pk__in=unreadable).update(verdict=Verdict.UNKNOWN, reason=UNREADABLE, ended_at=now)
    return runs
