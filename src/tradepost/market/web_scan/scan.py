"""One run of the web check: begun by a seller, worked on in a leased job, recorded in the transaction that ends the job."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import leased_jobs, outbox
from tradepost.market.base.authorities import trusted
from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import fingerprint
from tradepost.market.base.leased_jobs import LeasedTask, Running
from tradepost.market.base.models import LeasedJob
from tradepost.market.identity.models import Domain, Seller, User

from .check import Check
from .contract import LONGEST_WHERE, MOST_EVIDENCE, RULE, CannotTest, Found, NotTested, clean
from .events import WebScanEnded
from .lifecycle import WEB_SCAN, ScanEvent
from .models import WebFinding, WebScan, WebTask
from .registry import all_checks, faults
from .site import Budget, Site
from .sslyze import find
from .tasks import check_place

KIND = "web_scan.scan"
"""Kind of the leased job; its key is the run's."""
MOST_FINDINGS = 200
LONGEST = timedelta(minutes=5)


class Limits(Struct, frozen=True):
    """``at_once``: runs of a seller that may wait or work; ``a_day``: that it may begin in 24 hours."""

    at_once: int
    a_day: int


def limits_of(settings: Config) -> Limits:
    return Limits(settings.web_scans_at_once, settings.web_scans_a_day)


def start(task: WebTask, *, by: User, limits: Limits, now: datetime) -> WebScan:
    """Begin a run; runs of one seller follow each other (§2.7: the same domain runs sequentially).

    Raises ``Refused`` for a domain that is not proven, a task that runs, and beyond the limits; then nothing was begun.
    """
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
            _("First prove that the domain %(host)s is yours.") % {"host": task.domain.host},
            rule=RULE,
        )
    check_place(seller, task.place)
    runs = WebScan.objects.filter(seller=seller)
    if runs.filter(task=task, status=WebScan.Status.RUNNING).exists():
        raise Refused("web_scan.runs", _("This task is running already."), rule=RULE)
    if runs.filter(status=WebScan.Status.RUNNING).count() >= limits.at_once:
        said = _("At most %(most)s checks run at a time. Wait for the end of one.") % {"most": limits.at_once}
        raise Refused("web_scan.at_once", said, 429, rule=RULE)
    if runs.filter(started_at__gt=now - timedelta(days=1)).count() >= limits.a_day:
        said = _("At most %(most)s checks may be begun within 24 hours. Go on tomorrow.") % {"most": limits.a_day}
        raise Refused("web_scan.a_day", said, 429, rule=RULE)


def stop(run: WebScan, *, now: datetime) -> None:
    """Ask that it end at its next step."""
    job = leased_jobs.newest(KIND, str(run.pk))
    if job is not None and job.open:
        leased_jobs.cancel(job.pk, now=now)


# --- the work -----------------------------------------------------------------------------------------------------------


def task(
    settings: Callable[[], Config], *, budget: Budget | None = None, trust: ssl.SSLContext | None = None
) -> LeasedTask:
    """``trust``: whose certificates are trusted; None for the authorities of this machine and of the operator."""

    def work(running: Running) -> Mapping[str, Any]:
        now = settings()
        site = Site(
            url=str(running.payload["url"]), outbound=now.outbound, budget=budget or Budget(),
            trust=trust or trusted(now.outbound.authorities, lenient=True), sslyze=find(now.sslyze), go_on=running.go_on,
        )  # fmt: skip
        return look_at(site, all_checks(), running.progress)

    return LeasedTask(work=work, ended=record, longest=LONGEST, attempts=2)


def look_at(site: Site, checks: Sequence[Check], progress: Callable[[int, int, str], None]) -> Mapping[str, Any]:
    """Everything that the checks find, as JSON. ``progress`` is told before each which one comes."""
    found: list[Mapping[str, Any]] = []
    untested: list[Mapping[str, Any]] = []
    for done, check in enumerate(checks):
        progress(done, len(checks), check.code)
        for outcome in _outcomes(check, site):
            if isinstance(outcome, Found):
                found.append(_plain(outcome))
            else:
                untested.append({"check": check.code, "why": outcome.why.value, "detail": clean(outcome.detail)})
    progress(len(checks), len(checks), "")
    return {
        "found": found[:MOST_FINDINGS], "not_tested": untested, "requests": site.requests,
        "reached": _reached(site) or bool(found),
    }  # fmt: skip


def _outcomes(check: Check, site: Site) -> Sequence[Found | NotTested]:
    outcomes: list[Found | NotTested] = []
    try:
        outcomes.extend(check.run(site))
    except CannotTest as cannot:
        outcomes.append(NotTested(why=cannot.why, detail=cannot.detail))
    return outcomes


def _reached(site: Site) -> bool:
    """Whether anything answered as a web site does: a run that met nobody passes nothing."""
    try:
        front = site.front()
    except CannotTest:
        return False
    return front.last.status < 500  # server errors


def _plain(found: Found) -> Mapping[str, Any]:
    return {
        "code": found.code, "where": clean(found.where, LONGEST_WHERE),
        "evidence": [clean(line) for line in found.evidence[:MOST_EVIDENCE]],
    }  # fmt: skip


# --- its end ------------------------------------------------------------------------------------------------------------

_ENDS = {
    LeasedJob.Outcome.DONE: ScanEvent.END, LeasedJob.Outcome.FAILED: ScanEvent.BREAK,
    LeasedJob.Outcome.CANCELLED: ScanEvent.CANCEL,
}  # fmt: skip


def record(job: LeasedJob, now: datetime) -> None:
    """The end of the job, in its transaction. A run that broke off is the market's own matter and says nothing of the site."""
    run = WebScan.objects.select_for_update().filter(pk=job.payload["scan"], status=WebScan.Status.RUNNING).first()
    if run is None:
        return
    result = job.result or {}
    event = _ENDS[LeasedJob.Outcome(job.outcome)]
    if event is ScanEvent.END:
        if not result["reached"]:
            event = ScanEvent.MISS
        _keep(run, result["found"])
    WEB_SCAN.move_all(
        [run], event, now=now, ended_at=now, requests=int(result.get("requests", 0)),
        not_tested=list(result.get("not_tested", ())),
    )  # fmt: skip
    if event is not ScanEvent.CANCEL:
        outbox.publish(WebScanEnded(scan=run.pk, task=run.task_id, outcome=run.status), now=now)


def _keep(run: WebScan, found: Sequence[Mapping[str, Any]]) -> None:
    known = faults()
    WebFinding.objects.bulk_create(
        WebFinding(
            scan=run, code=one["code"], severity=known[one["code"]].severity.value, where=one["where"],
            evidence=one["evidence"], fingerprint=fingerprint(one["code"], one["where"], one["evidence"]),
        )
        for one in found
    )  # fmt: skip
