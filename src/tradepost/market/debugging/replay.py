"""Make saved cases again: at submission, at modification, by review, by hand (saas-v2 §1.1, §5.4). A leased job, since each
waits for the seller's server; the calls themselves go through the engine like all others, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from tradepost.market.base import leased_jobs, outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.leased_jobs import LeasedTask, Running
from tradepost.market.base.models import LeasedJob
from tradepost.market.production.models import Attempt

from .asked import asked, form_of
from .debug import begin
from .events import FailedCase, ReplayEnded
from .findings import first_mistake
from .models import DebugCase, DebugRun

KIND = "debugging.replay"
LOOK_EVERY = 0.05
LONGEST_WAIT = 180.0
"""Seconds for one call, its wait for a place included: longer than any seller may take."""


def start(cases: Sequence[DebugCase], *, about: str, by: str, now: datetime, seller_id: int | None = None) -> LeasedJob:
    """Make these cases again, in their order; ``ReplayEnded`` tells what came of it. ``about``: whoever wants to know, for
    example ``submission:17``; one replay about it is open at a time, and asked again while it runs it is that one."""
    payload = {"cases": [case.pk for case in cases], "by": by}
    owner = seller_id if seller_id is not None else next((case.seller_id for case in cases), None)
    return leased_jobs.start(KIND, about, payload=payload, now=now, seller_id=owner)


def newest(about: str) -> LeasedJob | None:
    """The replay about it that is open, or else the last one."""
    return leased_jobs.newest(KIND, about)


class Replayed(Struct, frozen=True):
    """One case of a replay, as its result keeps it. ``diagnosis``: name of the mistake."""

    case: int
    activity: str
    variant: str
    passed: bool
    diagnosis: str
    call: int | None


def results(job: LeasedJob) -> list[Replayed]:
    """What came of each case so far that the job told; empty while it runs."""
    return [Replayed(**one) for one in (job.result or {}).get("cases", [])]


def task(now: Callable[[], datetime]) -> LeasedTask:
    """How a replay works and ends. ``now``: market time, when each call is written."""
    return LeasedTask(work=lambda running: work(running, now=now), ended=ended, longest=timedelta(minutes=60))


def work(running: Running, *, now: Callable[[], datetime]) -> Mapping[str, Any]:
    """Each case once. A case that was deleted meanwhile is left out."""
    wanted: list[int] = list(running.payload["cases"])
    by = str(running.payload["by"])
    done: list[dict[str, Any]] = []
    for number, pk in enumerate(wanted):
        case = DebugCase.objects.select_related("address").filter(pk=pk).first()
        if case is None:
            continue
        running.progress(number, len(wanted), case.activity)
        done.append(_one(case, by, running, now))
    running.progress(len(wanted), len(wanted))
    return {"cases": done, "passed": all(one["passed"] for one in done)}


def _one(case: DebugCase, by: str, running: Running, now: Callable[[], datetime]) -> dict[str, Any]:
    found = {"case": case.pk, "activity": case.activity, "variant": case.variant, "call": None}
    try:
        form = form_of(case.address, case.activity, case.variant)
        run = begin(form, asked(form, case.values), case.values, by=by, now=now())
    except Refused as refused:  # no key any more, or a form that another release made
        return found | {"passed": False, "diagnosis": refused.code}
    run = _wait(run, running)
    attempt = Attempt.objects.filter(call=run.call_id).order_by("-number").first()
    diagnosis = first_mistake(attempt.findings) if attempt else ""
    return found | {"passed": bool(run.passed), "diagnosis": "" if run.passed else diagnosis, "call": run.call_id}


def _wait(run: DebugRun, running: Running) -> DebugRun:
    """Until the engine has made the call and its end was noted. No transaction is open meanwhile."""
    until = time.monotonic() + LONGEST_WAIT
    while True:
        running.go_on()
        run = DebugRun.objects.get(pk=run.pk)
        if run.ended_at is not None or time.monotonic() > until:
            return run
        time.sleep(LOOK_EVERY)


def ended(job: LeasedJob, now: datetime) -> None:
    made = results(job)
    failed = tuple(
        FailedCase(case=one.case, activity=one.activity, variant=one.variant, diagnosis=one.diagnosis)
        for one in made
        if not one.passed
    )
    what = ReplayEnded(
        about=job.key,
        job=job.pk,
        outcome=job.outcome,
        passed=job.outcome == LeasedJob.Outcome.DONE and not failed,
        seller=job.seller_id,
        cases=len(made),
        failed=failed,
    )
    outbox.publish(what, now=now)
