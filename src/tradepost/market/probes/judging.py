"""A probe's call ended: its run says what came of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tradepost.check.results import Verdict as Judged
from tradepost.market.base import rows
from tradepost.market.debugging.findings import first_mistake, passes
from tradepost.market.production.models import Address, Attempt

from .models import ProbeRun, ProbeSlot, Verdict
from .outcome import OURS, Try, verdict_of
from .timetable import GRACE
from .watch import Watch


def try_of(attempt: Attempt, *, until: datetime | None = None) -> Try:
    """What one attempt says. ``until``: when it should have been made at the latest: a market that was away meanwhile does
    not know what it missed."""
    if until is not None and attempt.started_at > until:
        return Try.OURS
    if passes(attempt.findings):
        return Try.PASSED
    broken = not attempt.findings or any(one.get("verdict") == Judged.BROKEN for one in attempt.findings)
    return Try.OURS if broken or attempt.verdict in OURS else Try.FAILED


def judge(ended: Sequence[int], *, watch: Watch, now: datetime) -> None:
    """The runs of these calls, unless they are judged already."""
    if not ended:
        return
    open_runs = ProbeRun.objects.filter(call__in=ended, verdict=Verdict.OPEN)
    runs = list(open_runs.select_related("call", "slot").defer("call__command").order_by("pk"))
    tries: defaultdict[int, list[Attempt]] = defaultdict(list)
    for attempt in Attempt.objects.filter(call__in=ended).order_by("call", "number").defer(*_LARGE):
        tries[attempt.call_id].append(attempt)
    paused = set(
        Address.objects.filter(pk__in={run.address_id for run in runs})
        .exclude(breaker=Address.Breaker.CLOSED)
        .values_list("pk", flat=True)
    )
    rows.update(
        "probes_proberun", _JUDGED,
        [_judged(run, tries[run.call_id or 0], paused=run.address_id in paused, watch=watch, now=now) for run in runs],
    )  # fmt: skip


_LARGE = ("request_headers", "request_body", "response_headers", "response_body", "url", "detail")
_JUDGED = {
    "verdict": "text", "reason": "text", "mistake": "text", "tries": "int", "milliseconds": "double precision",
    "certificate_ends": "timestamptz", "ended_at": "timestamptz",
}  # fmt: skip


def _judged(run: ProbeRun, made: Sequence[Attempt], *, paused: bool, watch: Watch, now: datetime) -> dict[str, Any]:
    manual = run.slot.half == ProbeSlot.Half.BY_HAND
    until = run.call.give_up_at + GRACE if run.call and run.call.give_up_at and not manual else None
    wanted = 1 if manual else watch.probing.tries
    verdict = verdict_of([try_of(one, until=until) for one in made], wanted=wanted, paused=paused)
    last = made[-1] if made else None
    answered = [one for one in made if one.milliseconds is not None]
    seen = [one.certificate_ends for one in made if one.certificate_ends is not None]
    return {
        "id": run.pk,
        "verdict": verdict.value,
        "reason": last.verdict if last else "",
        "mistake": first_mistake(last.findings)[:64] if last and verdict.value != Verdict.PASSED else "",
        "tries": len(made),
        "milliseconds": answered[-1].milliseconds if answered else None,
        "certificate_ends": rows.moment(seen[-1] if seen else None),
        "ended_at": rows.moment(now),
    }
