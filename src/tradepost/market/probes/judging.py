"""Evaluate runs after their probe calls have ended."""

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
from .outcome import NOT_SELLERS_FAULT, AttemptOutcome, case_verdict
from .timetable import GRACE_PERIOD
from .watch import Watch


def outcome_of_attempt(attempt: Attempt, *, until: datetime | None = None) -> AttemptOutcome:
    """Evaluate one attempt. ``until``: deadline of the attempt; later ones are unknown, since the market was
    unavailable."""
    if until is not None and attempt.started_at > until:
        return AttemptOutcome.OURS
    if passes(attempt.findings):
        return AttemptOutcome.PASSED
    broken = not attempt.findings or any(finding.get("verdict") == Judged.BROKEN for finding in attempt.findings)
    return AttemptOutcome.OURS if broken or attempt.verdict in NOT_SELLERS_FAULT else AttemptOutcome.FAILED


def judge(call_keys: Sequence[int], *, watch: Watch, now: datetime) -> None:
    """Evaluate the runs of these calls, except those already evaluated."""
    if not call_keys:
        return
    open_runs = ProbeRun.objects.filter(call__in=call_keys, verdict=Verdict.OPEN)
    runs = list(open_runs.select_related("call", "slot").defer("call__command").order_by("pk"))
    tries: defaultdict[int, list[Attempt]] = defaultdict(list)
    for attempt in Attempt.objects.filter(call__in=call_keys).order_by("call", "number").defer(*_DEFERRED_COLUMNS):
        tries[attempt.call_id].append(attempt)
    paused_addresses = set(
        Address.objects.filter(pk__in={run.address_id for run in runs})
        .exclude(breaker=Address.Breaker.CLOSED)
        .values_list("pk", flat=True)
    )
    rows.update(
        "probes_proberun", _COLUMN_TYPES,
        [_evaluate_run(run, tries[run.call_id or 0], paused=run.address_id in paused_addresses, watch=watch, now=now) for run in runs],
    )  # fmt: skip


_DEFERRED_COLUMNS = ("request_headers", "request_body", "response_headers", "response_body", "url", "detail")
_COLUMN_TYPES = {
    "verdict": "text", "reason": "text", "mistake": "text", "tries": "int", "milliseconds": "double precision",
    "certificate_ends": "timestamptz", "ended_at": "timestamptz",
}  # fmt: skip


def _evaluate_run(
    run: ProbeRun, attempts: Sequence[Attempt], *, paused: bool, watch: Watch, now: datetime
) -> dict[str, Any]:
    manual = run.slot.half == ProbeSlot.Half.BY_HAND
    deadline = run.call.give_up_at + GRACE_PERIOD if run.call and run.call.give_up_at and not manual else None
    required_attempts = 1 if manual else watch.probing.tries
    verdict = case_verdict(
        [outcome_of_attempt(attempt, until=deadline) for attempt in attempts],
        required_attempts=required_attempts,
        paused=paused,
    )
    last_attempt = attempts[-1] if attempts else None
    with_response = [attempt for attempt in attempts if attempt.milliseconds is not None]
    certificate_ends = [attempt.certificate_ends for attempt in attempts if attempt.certificate_ends is not None]
    return {
        "id": run.pk,
        "verdict": verdict.value,
        "reason": last_attempt.verdict if last_attempt else "",
        "mistake": first_mistake(last_attempt.findings)[:64]
        if last_attempt and verdict.value != Verdict.PASSED
        else "",
        "tries": len(attempts),
        "milliseconds": with_response[-1].milliseconds if with_response else None,
        "certificate_ends": rows.moment(certificate_ends[-1] if certificate_ends else None),
        "ended_at": rows.moment(now),
    }
