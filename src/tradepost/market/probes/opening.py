"""A slot opens: every saved case of what is sold is written down as a run with its call, each at its own moment (saas-v2 §6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby

from tradepost.market.base import rows
from tradepost.market.base.errors import Refused
from tradepost.market.debugging.asked import asked, form_of
from tradepost.market.debugging.models import DebugCase
from tradepost.market.production import calls
from tradepost.market.production.models import Call

from .models import ProbeRun, ProbeSlot, Verdict
from .scope import cases_after
from .timetable import APART, Slot, spread
from .watch import Watch

AT_ONCE = 100
"""Cases that one run of the timer writes: so few that a worker's open calls hardly notice."""
PACE = timedelta(seconds=1)
"""Between two such runs: 10,000 cases are written within two minutes of the two hours over which they are asked. Shelf §3 has 500
at once, which held a worker's calls up (bench ``probes``)."""
UNREADABLE = "unreadable"
"""Reason of a run whose case this release cannot ask again."""


def open_some(slot: ProbeSlot, times: Slot, cursor: int, *, watch: Watch, now: datetime) -> int | None:
    """Write the next cases, of addresses beyond ``cursor``. Gives how far it came; None when that was all.

    A slot that opens late spreads its cases over what is left of it.
    """
    found = cases_after(cursor, AT_ONCE + 1, watch=watch)
    by_address = [list(group) for _, group in groupby(found, key=lambda case: case.address_id)]
    whole = by_address[:-1] if len(found) > AT_ONCE and len(by_address) > 1 else by_address
    begins = max(times.opens, now)
    runs = [
        _run(slot, case, due_at, now)
        for group in whole
        for case, due_at in zip(group, _moments(slot, group, begins, times.closes), strict=True)
    ]
    gap, tries = watch.probing.gap, watch.probing.tries
    write(runs, [case for group in whole for case in group], give_up_at=times.last_try(tries=tries, gap=gap), now=now)
    return None if len(whole) == len(by_address) and len(found) <= AT_ONCE else whole[-1][0].address_id


def _moments(slot: ProbeSlot, group: Sequence[DebugCase], begins: datetime, closes: datetime) -> list[datetime]:
    window = closes - begins
    first = begins + spread(slot.date, slot.half, group[0].address_id, cases=len(group), window=window)
    return [first + n * APART for n in range(len(group))]


def _run(slot: ProbeSlot, case: DebugCase, due_at: datetime, now: datetime) -> ProbeRun:
    return ProbeRun(
        slot=slot, seller_id=case.seller_id, address_id=case.address_id, case=case, activity=case.activity,
        variant=case.variant, started_at=now, due_at=due_at,
    )  # fmt: skip


def ask_once(slot: ProbeSlot, wanted: Sequence[DebugCase], *, now: datetime) -> list[ProbeRun]:
    """The runs of a probe that somebody asked for: one try each, at once, past a breaker that is open."""
    runs = [_run(slot, case, now, now) for case in wanted]
    return write(runs, wanted, give_up_at=now - timedelta(minutes=1), now=now)


def write(runs: list[ProbeRun], wanted: Sequence[DebugCase], *, give_up_at: datetime, now: datetime) -> list[ProbeRun]:
    """Runs with their calls, in the caller's transaction. One that cannot be asked ends at once, and says nothing."""
    runs = rows.create(runs)
    prepared: list[Call] = []
    waiting: list[ProbeRun] = []
    unreadable: list[int] = []
    for run, case in zip(runs, wanted, strict=True):
        try:
            command = asked(form_of(case.address, case.activity, case.variant), case.values)
            call = calls.probe(case.address, command, owner=run.pk, due_at=run.due_at, give_up_at=give_up_at, now=now)
        except Refused:  # a form that another release made
            unreadable.append(run.pk)
        else:
            prepared.append(call)
            waiting.append(run)
    for run, call in zip(waiting, calls.write(prepared) if prepared else [], strict=True):
        run.call = call
    rows.update("probes_proberun", {"call_id": "bigint"}, [{"id": run.pk, "call_id": run.call_id} for run in waiting])
    ProbeRun.objects.filter(pk__in=unreadable).update(verdict=Verdict.UNKNOWN, reason=UNREADABLE, ended_at=now)
    return runs
