"""*Debug all*: a leased job that debugs all activities of an address without a valid case (saas-v2 §5.1).

The order is that of the protocol, which creates an instance first. Activities that delete an instance come last. Each
form is filled when its turn comes, so that later activities use the created instance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import leased_jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.leased_jobs import LeasedTask, RunningJob
from tradepost.market.base.models import LeasedJob
from tradepost.market.identity.models import Seller
from tradepost.market.production.models import Address, Attempt
from tradepost.protocols.commands import Release

from .api_trials import open_event
from .asked import ValuesRefused, build_command, form_of, initial_values, require_key, storable_values
from .debug import begin
from .find_out import about
from .findings import first_mistake
from .models import DebugRun
from .replay import wait_for
from .seller_queries import CaseRow, rows_of
from .standing import CaseState

KIND = "debugging.debug_all"
REFUSED = "refused"
"""Key in the payload: activities without valid values, stored while the job runs and after it stops."""


class Progress(StrEnum):
    """Progress of one activity."""

    WAITING = "waiting"
    UNDER_WAY = "under_way"
    PASSED = "passed"
    FAILED = "failed"
    REFUSED = "refused"
    """The market has no valid values for the form; a person has to enter them."""
    LEFT = "left"
    """The job ended before this activity."""


class Result(Struct, frozen=True):
    """The result of one activity. ``mistake``: name of the first mistake in the response; ``run``: its test call."""

    row: CaseRow
    progress: Progress
    run: DebugRun | None = None
    mistake: str = ""


def outdated_cases(address: Address) -> list[CaseRow]:
    """Return the missing, outdated or failed cases of the address, in the order of debugging."""
    rows = [row for row in rows_of(address) if row.standing is not CaseState.SAVED]
    return sorted(rows, key=lambda row: row.case.kind is Release)


def start(address: Address, *, by: str, now: datetime) -> LeasedJob:
    """Start a job, or return the running one. Raises ``Refused`` without a key, or if all cases are valid."""
    require_key(address)
    rows = outdated_cases(address)
    if not rows:
        raise Refused("debug.nothing_to_do", _("Every activity of this address has a valid case."))
    last_run = DebugRun.objects.filter(seller=address.seller_id, address=address).order_by("-pk").first()
    payload = {
        "address": address.pk,
        "by": by,
        "cases": [[row.case.activity, row.case.variant] for row in rows],
        "after": last_run.pk if last_run else 0,
    }
    return leased_jobs.start(KIND, about(address), payload=payload, now=now, seller_id=address.seller_id)


def newest(address: Address) -> LeasedJob | None:
    return leased_jobs.newest(KIND, about(address))


def task(now: Callable[[], datetime]) -> LeasedTask:
    """Return the leased task. ``now``: returns market time for each call."""
    return LeasedTask(work=lambda running: work(running, now=now), longest=timedelta(minutes=60))


def work(running: RunningJob, *, now: Callable[[], datetime]) -> Mapping[str, Any]:
    """Debug each activity once. After the death of a worker, debugged activities are skipped.

    Raises ``Refused`` with a message id of gettext if the address was deleted or has no key.
    """
    with translation.override("en"):  # readers translate the message in their language
        return _work(running, now=now)


def _work(running: RunningJob, *, now: Callable[[], datetime]) -> Mapping[str, Any]:
    address = (
        Address.objects.select_related("seller").filter(pk=running.payload["address"], removed_at=None).first()
    )  # fmt: skip
    if address is None:
        raise Refused("address.gone", _("This address was deleted."), HTTPStatus.NOT_FOUND)
    cases: Sequence[tuple[str, str]] = running.payload["cases"]
    available_cases = {(row.case.activity, row.case.variant) for row in rows_of(address)}
    refused_cases: list[tuple[str, str]] = []
    for number, (activity, variant) in enumerate(cases):
        running.progress(number, len(cases), activity)
        if (activity, variant) not in available_cases:  # only an earlier release had this activity
            continue
        run = _runs(address, running.payload).get((activity, variant))
        try:
            run = run or _begin(address, activity, variant, str(running.payload["by"]), now())
        except ValuesRefused:
            refused_cases.append((activity, variant))
            running.row().update(payload={**running.payload, REFUSED: refused_cases})
            continue
        wait_for(run, running)
    running.progress(len(cases), len(cases))
    return {REFUSED: refused_cases}


def results(job: LeasedJob, address: Address) -> list[Result]:
    """Return the current result of each activity of a job."""
    rows = {(row.case.activity, row.case.variant): row for row in rows_of(address)}
    refused_cases = {tuple(key) for key in job.payload.get(REFUSED, [])}
    runs = _runs(address, job.payload)
    mistakes = _mistakes([run for run in runs.values() if run.passed is False])
    rows_with_results = []
    for key in map(tuple, job.payload["cases"]):
        if key in rows:
            run = runs.get(key)
            mistake = mistakes.get(run.call_id or 0, "") if run else ""
            rows_with_results.append(Result(rows[key], _progress(job, run, refused=key in refused_cases), run, mistake))
    return rows_with_results


def _begin(address: Address, activity: str, variant: str, by: str, now: datetime) -> DebugRun:
    """Raises ``ValuesRefused`` if the form's values are invalid, ``Refused`` if there is no key."""
    form = form_of(address, activity, variant)
    values = initial_values(form, now=now)
    command = build_command(form, values)
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=address.seller_id)  # as for a person's test call
        open_event(address.seller_id, command, now=now)
        return begin(form, command, storable_values(form, values), by=by, now=now)


def _runs(address: Address, payload: Mapping[str, Any]) -> dict[tuple[str, str], DebugRun]:
    """Return the newest test call of each case since the job began, including calls by a person."""
    runs = DebugRun.objects.filter(seller=address.seller_id, address=address, pk__gt=payload["after"])
    return {(run.activity, run.variant): run for run in runs.order_by("pk")}


def _mistakes(failed_runs: Sequence[DebugRun]) -> dict[int, str]:
    if not failed_runs:
        return {}
    attempts = Attempt.objects.filter(call__in=[run.call_id for run in failed_runs]).order_by("call_id", "number")
    return {attempt.call_id: first_mistake(attempt.findings) for attempt in attempts.only("call_id", "findings")}


def _progress(job: LeasedJob, run: DebugRun | None, *, refused: bool) -> Progress:
    if run is not None and run.ended_at is not None:
        return Progress.PASSED if run.passed else Progress.FAILED
    if run is not None and job.open:
        return Progress.UNDER_WAY
    if refused:
        return Progress.REFUSED
    return Progress.WAITING if job.open else Progress.LEFT
