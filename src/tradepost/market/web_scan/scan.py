"""A run of the website check: a seller starts it, a leased job runs it, and the transaction that ends the job records
it."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import leased_jobs, outbox
from tradepost.market.base.authorities import trusted
from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import fingerprint
from tradepost.market.base.leased_jobs import LeasedTask, RunningJob
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.quotas import RETRY_DELAY, wait_for_room
from tradepost.market.base.settings.web_scan import WebScanSettings
from tradepost.market.identity.models import Domain, Seller, User

from .check import Check
from .contract import MAX_EVIDENCE_LINES, MAX_WHERE_LENGTH, RULE, CannotTest, NotTested, SiteFinding, clean_text
from .events import WebScanEnded
from .lifecycle import WEB_SCAN, ScanEvent
from .models import WebFinding, WebScan, WebTask
from .registry import all_checks, faults
from .site import Budget, Site
from .sslyze import find_program
from .tasks import check_place

KIND = "web_scan.scan"
"""Kind of the leased job; its key is the run's."""
MAX_FINDINGS = 200
MAX_DURATION = timedelta(minutes=5)


class Limits(Struct, frozen=True):
    """``at_once``: maximum of a seller's open runs; ``a_day``: maximum started in 24 hours."""

    at_once: int
    a_day: int


def limits_of(settings: WebScanSettings) -> Limits:
    return Limits(settings.web_scans_at_once, settings.web_scans_a_day)


def start(task: WebTask, *, by: User, limits: Limits, now: datetime) -> WebScan:
    """Start a run; runs of one seller are sequential (§2.7: the same domain runs sequentially).

    Raises ``Refused``, without starting, for an unproven domain, a running task, and beyond the limits."""
    with transaction.atomic():
        seller = Seller.objects.select_for_update(no_key=True).get(pk=task.seller_id)
        task = WebTask.objects.select_related("domain").get(pk=task.pk)
        _check(task, seller, limits, now)
        run = WebScan.objects.create(task=task, seller=seller, url=task.url, by=by, started_at=now)
        leased_jobs.start(KIND, str(run.pk), payload={"scan": run.pk, "url": run.url}, now=now, seller_id=seller.pk)
    return run


def _check(task: WebTask, seller: Seller, limits: Limits, now: datetime) -> None:
    if task.domain.status != Domain.Status.VERIFIED:
        raise Refused(
            "web_scan.unproven",
            _("Verify the domain %(host)s first.") % {"host": task.domain.host},
            rule=RULE,
        )
    check_place(seller, task.place)
    runs = WebScan.objects.filter(seller=seller)
    if runs.filter(task=task, status=WebScan.Status.RUNNING).exists():
        raise Refused("web_scan.runs", _("This task is running already."), rule=RULE)
    if runs.filter(status=WebScan.Status.RUNNING).count() >= limits.at_once:
        message = _("At most %(most)s checks can run at a time. Wait until one finishes.") % {"most": limits.at_once}
        raise Refused("web_scan.at_once", message, HTTPStatus.TOO_MANY_REQUESTS, rule=RULE, wait=RETRY_DELAY)
    if wait := wait_for_room(runs, "started_at", limits.a_day, now=now):
        message = _("You can start at most %(most)s checks within 24 hours. Try again later.") % {"most": limits.a_day}
        raise Refused("web_scan.a_day", message, HTTPStatus.TOO_MANY_REQUESTS, rule=RULE, wait=wait)


def stop(run: WebScan, *, now: datetime) -> None:
    """Request the end of a run at its next step."""
    job = leased_jobs.newest(KIND, str(run.pk))
    if job is not None and job.open:
        leased_jobs.cancel(job.pk, now=now)


# --- the job
# ------------------------------------------------------------------------------------------------------------


def task(
    settings: Callable[[], Config], *, budget: Budget | None = None, trust: ssl.SSLContext | None = None
) -> LeasedTask:
    """Return the leased task. ``trust``: a TLS context; None for the authorities of this machine and of the
    operator."""

    def work(running: RunningJob) -> Mapping[str, Any]:
        now = settings()
        site = Site(
            url=str(running.payload["url"]), outbound=now.outbound, budget=budget or Budget(),
            trust=trust or trusted(now.outbound.authorities, lenient=True), sslyze=find_program(now.web_scan.sslyze), go_on=running.go_on,
        )  # fmt: skip
        return run_checks(site, all_checks(), running.progress)

    return LeasedTask(work=work, ended=record, longest=MAX_DURATION, attempts=2)


def run_checks(site: Site, checks: Sequence[Check], progress: Callable[[int, int, str], None]) -> Mapping[str, Any]:
    """Return all outcomes of the checks as JSON. ``progress`` receives each check before it runs."""
    findings: list[Mapping[str, Any]] = []
    untested_checks: list[Mapping[str, Any]] = []
    for done_count, check in enumerate(checks):
        progress(done_count, len(checks), check.code)
        for outcome in _outcomes(check, site):
            if isinstance(outcome, SiteFinding):
                findings.append(_stored_finding(outcome))
            else:
                untested_checks.append(
                    {"check": check.code, "why": outcome.why.value, "detail": clean_text(outcome.detail)}
                )
    progress(len(checks), len(checks), "")
    return {
        "found": findings[:MAX_FINDINGS], "not_tested": untested_checks, "requests": site.requests,
        "reached": _has_responded(site) or bool(findings),
    }  # fmt: skip


def _outcomes(check: Check, site: Site) -> Sequence[SiteFinding | NotTested]:
    outcomes: list[SiteFinding | NotTested] = []
    try:
        outcomes.extend(check.run(site))
    except CannotTest as error:
        outcomes.append(NotTested(why=error.why, detail=error.detail))
    return outcomes


def _has_responded(site: Site) -> bool:
    """Return whether the site responded: an unreachable site passes nothing."""
    try:
        front = site.front()
    except CannotTest:
        return False
    return front.last.status < 500  # server errors


def _stored_finding(finding: SiteFinding) -> Mapping[str, Any]:
    return {
        "code": finding.code, "where": clean_text(finding.where, MAX_WHERE_LENGTH),
        "evidence": [clean_text(line) for line in finding.evidence[:MAX_EVIDENCE_LINES]],
    }  # fmt: skip


# --- the end
# ------------------------------------------------------------------------------------------------------------

_END_EVENTS = {
    LeasedJob.Outcome.DONE: ScanEvent.END, LeasedJob.Outcome.FAILED: ScanEvent.BREAK,
    LeasedJob.Outcome.CANCELLED: ScanEvent.CANCEL,
}  # fmt: skip


def record(job: LeasedJob, now: datetime) -> None:
    """Record the end of the job, in its transaction. A run that failed is the market's problem and says nothing about
    the site."""
    run = WebScan.objects.select_for_update().filter(pk=job.payload["scan"], status=WebScan.Status.RUNNING).first()
    if run is None:
        return
    result = job.result or {}
    event = _END_EVENTS[LeasedJob.Outcome(job.outcome)]
    if event is ScanEvent.END:
        if not result["reached"]:
            event = ScanEvent.MISS
        _store_findings(run, result["found"])
    WEB_SCAN.move_all(
        [run], event, now=now, ended_at=now, requests=int(result.get("requests", 0)),
        not_tested=list(result.get("not_tested", ())),
    )  # fmt: skip
    if event is not ScanEvent.CANCEL:
        outbox.publish(WebScanEnded(scan=run.pk, task=run.task_id, outcome=run.status), now=now)


def _store_findings(run: WebScan, findings: Sequence[Mapping[str, Any]]) -> None:
    known_faults = faults()
    WebFinding.objects.bulk_create(
        WebFinding(
            scan=run, code=found_fault["code"], severity=known_faults[found_fault["code"]].severity.value, where=found_fault["where"],
            evidence=found_fault["evidence"], fingerprint=fingerprint(found_fault["code"], found_fault["where"], found_fault["evidence"]),
        )
        for found_fault in findings
    )  # fmt: skip
