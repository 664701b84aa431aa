"""Replay saved cases at submission, modification, review or on request (saas-v2 §1.1, §5.4).

A leased job, since each case waits for the seller's server. The engine makes the calls one after the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from tradepost.market.base import leased_jobs, outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.leased_jobs import LeasedTask, RunningJob
from tradepost.market.base.models import LeasedJob
from tradepost.market.production.models import Attempt

from .asked import build_command, form_of
from .debug import begin
from .events import FailedCase, ReplayEnded
from .findings import first_mistake
from .models import DebugCase, DebugRun

KIND = "debugging.replay"
POLL_INTERVAL = 0.05
MAX_WAIT = 180.0
"""Maximum seconds per call, including the wait for a free connection. Longer than any seller's timeout."""


def start(cases: Sequence[DebugCase], *, about: str, by: str, now: datetime, seller_id: int | None = None) -> LeasedJob:
    """Start a replay of these cases in order; ``ReplayEnded`` reports the result.

    ``about``: the subject, such as ``submission:17``. A subject has one open replay; another request returns it.
    """
    payload = {"cases": [case.pk for case in cases], "by": by}
    owner = seller_id if seller_id is not None else next((case.seller_id for case in cases), None)
    return leased_jobs.start(KIND, about, payload=payload, now=now, seller_id=owner)


def newest(about: str) -> LeasedJob | None:
    """Return the open replay of the subject, or else the last one."""
    return leased_jobs.newest(KIND, about)


class ReplayResult(Struct, frozen=True):
    """The result of one case in a replay. ``diagnosis``: name of the mistake."""

    case: int
    activity: str
    variant: str
    passed: bool
    diagnosis: str
    call: int | None


def results(job: LeasedJob) -> list[ReplayResult]:
    """Return the results of a finished job; empty while it runs."""
    return [ReplayResult(**item) for item in (job.result or {}).get("cases", [])]


def task(now: Callable[[], datetime]) -> LeasedTask:
    """Return the leased task. ``now``: returns market time for each call."""
    return LeasedTask(work=lambda running: work(running, now=now), ended=publish_end, longest=timedelta(minutes=60))


def work(running: RunningJob, *, now: Callable[[], datetime]) -> Mapping[str, Any]:
    """Replay each case once. Deleted cases are skipped."""
    case_keys: list[int] = list(running.payload["cases"])
    by = str(running.payload["by"])
    done_cases: list[dict[str, Any]] = []
    for number, pk in enumerate(case_keys):
        case = DebugCase.objects.select_related("address").filter(pk=pk).first()
        if case is None:
            continue
        running.progress(number, len(case_keys), case.activity)
        done_cases.append(_replay_case(case, by, running, now))
    running.progress(len(case_keys), len(case_keys))
    return {"cases": done_cases, "passed": all(result["passed"] for result in done_cases)}


def _replay_case(case: DebugCase, by: str, running: RunningJob, now: Callable[[], datetime]) -> dict[str, Any]:
    result = {"case": case.pk, "activity": case.activity, "variant": case.variant, "call": None}
    try:
        form = form_of(case.address, case.activity, case.variant)
        run = begin(form, build_command(form, case.values), case.values, by=by, now=now())
    except Refused as refusal:  # the key was removed, or another release made the form
        return result | {"passed": False, "diagnosis": refusal.code}
    run = wait_for(run, running)
    attempt = Attempt.objects.filter(call=run.call_id).order_by("-number").first()
    diagnosis = first_mistake(attempt.findings) if attempt else ""
    return result | {"passed": bool(run.passed), "diagnosis": "" if run.passed else diagnosis, "call": run.call_id}


def wait_for(run: DebugRun, running: RunningJob) -> DebugRun:
    """Wait until the call has ended and its run is recorded. No transaction is open meanwhile."""
    deadline = time.monotonic() + MAX_WAIT
    while True:
        running.go_on()
        run = DebugRun.objects.get(pk=run.pk)
        if run.ended_at is not None or time.monotonic() > deadline:
            return run
        time.sleep(POLL_INTERVAL)


def publish_end(job: LeasedJob, now: datetime) -> None:
    replay_results = results(job)
    failed_cases = tuple(
        FailedCase(case=result.case, activity=result.activity, variant=result.variant, diagnosis=result.diagnosis)
        for result in replay_results
        if not result.passed
    )
    event = ReplayEnded(
        about=job.key,
        job=job.pk,
        outcome=job.outcome,
        passed=job.outcome == LeasedJob.Outcome.DONE and not failed_cases,
        seller=job.seller_id,
        cases=len(replay_results),
        failed=failed_cases,
    )
    outbox.publish(event, now=now)
