"""Whether a website may be published, according to the newest run of its tasks, and for how long (§2.7).

A single high finding blocks, unless an operator declared it, with this evidence, a false positive."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import OuterRef, Q, Subquery
from msgspec import Struct

from tradepost.market.identity.models import Domain, Seller

from .contract import Severity
from .models import FalsePositive, ScanUse, WebFinding, WebScan, WebTask
from .tasks import host_of


class State(StrEnum):
    """The state of an address. Only ``PASSED`` allows publishing."""

    NO_TASK = "no_task"
    UNPROVEN = "unproven"
    NEVER = "never"
    RUNNING = "running"
    UNREACHED = "unreached"
    BROKEN = "broken"
    EXPIRED = "expired"
    BLOCKED = "blocked"
    PASSED = "passed"


class SiteState(Struct, frozen=True, kw_only=True):
    state: State
    task: WebTask | None = None
    scan: WebScan | None = None
    blocking: tuple[WebFinding, ...] = ()


_WORST_FIRST = (
    State.BLOCKED, State.RUNNING, State.PASSED, State.UNPROVEN, State.EXPIRED, State.UNREACHED, State.BROKEN, State.NEVER,
)  # fmt: skip
"""Of several tasks on a domain, the first of these states counts: any fault blocks, one pass is sufficient."""


def site_state_of(seller: Seller, url: str, *, valid: timedelta, now: datetime) -> SiteState:
    """Return the state of the site at this address: of the task for exactly this address, else of all tasks on its
    domain."""
    tasks = list(WebTask.objects.filter(seller=seller, place=host_of(url)).order_by("pk"))
    exact_tasks = [task for task in tasks if task.url.rstrip("/") == url.rstrip("/")]
    standings = site_states_of(exact_tasks or tasks, valid=valid, now=now).values()
    return min(
        standings, key=lambda standing: _WORST_FIRST.index(standing.state), default=SiteState(state=State.NO_TASK)
    )


def site_state_of_task(task: WebTask, *, valid: timedelta, now: datetime) -> SiteState:
    return site_states_of([task], valid=valid, now=now)[task.pk]


def site_states_of(tasks: Collection[WebTask], *, valid: timedelta, now: datetime) -> dict[int, SiteState]:
    """Return the states by task key, in a fixed number of statements."""
    annotated_tasks = WebTask.objects.filter(pk__in=[task.pk for task in tasks]).select_related("domain").annotate(
        report=newest(Q(status=WebScan.Status.DONE)),
        last=newest(Q(status__in=list(_STATES_WITHOUT_REPORT))),
    )  # fmt: skip
    rows = list(annotated_tasks.order_by("pk"))
    run_keys = {pk for task in rows for pk in (task.report, task.last) if pk}
    runs = WebScan.objects.in_bulk(run_keys)
    blocking = _blocking_findings(
        [runs[task.report] for task in rows if task.report], {task.pk: task.place for task in rows}
    )
    return {
        task.pk: _site_state(task, runs.get(task.report), runs.get(task.last), blocking, valid=valid, now=now)
        for task in rows
    }


def newest(which: Q) -> Subquery:
    """Return the key of a task's newest run that matches the condition."""
    runs = WebScan.objects.filter(which, task=OuterRef("pk"))
    return Subquery(runs.order_by("-pk").values("pk")[:1])


def _site_state(
    task: WebTask, report: WebScan | None, last_scan: WebScan | None, blocking: Mapping[int, Sequence[WebFinding]], *,
    valid: timedelta, now: datetime,
) -> SiteState:  # fmt: skip
    """A later run that did not reach the site or failed does not affect an earlier report; without a report, it
    passes nothing."""
    if task.domain.status != Domain.Status.VERIFIED:
        return SiteState(state=State.UNPROVEN, task=task)
    if report is None:
        # A run that ended after the first statement has its report at the next query.
        state = (
            _STATES_WITHOUT_REPORT.get(WebScan.Status(last_scan.status), State.RUNNING) if last_scan else State.NEVER
        )
        return SiteState(state=state, task=task, scan=last_scan)
    if findings := tuple(blocking.get(report.pk, ())):
        return SiteState(state=State.BLOCKED, task=task, scan=report, blocking=findings)
    has_expired = report.ended_at is None or report.ended_at + valid <= now
    return SiteState(state=State.EXPIRED if has_expired else State.PASSED, task=task, scan=report)


_STATES_WITHOUT_REPORT = {
    WebScan.Status.RUNNING: State.RUNNING, WebScan.Status.UNREACHED: State.UNREACHED, WebScan.Status.BROKEN: State.BROKEN,
}  # fmt: skip


def _blocking_findings(runs: Collection[WebScan], places_by_task: Mapping[int, str]) -> dict[int, list[WebFinding]]:
    """Return the high findings by run key, except false positives of the site."""
    high_findings = (
        list(WebFinding.objects.filter(scan__in=runs, severity=Severity.HIGH).order_by("pk")) if runs else []
    )
    if not high_findings:
        return {}
    false_positives = FalsePositive.objects.filter(
        seller__in={run.seller_id for run in runs}, fingerprint__in={finding.fingerprint for finding in high_findings}
    )
    accepted_prints = set(false_positives.values_list("seller_id", "place", "fingerprint"))
    sites = {run.pk: (run.seller_id, places_by_task[run.task_id]) for run in runs}
    by_run: dict[int, list[WebFinding]] = {}
    for finding in high_findings:
        if (*sites[finding.scan_id], finding.fingerprint) not in accepted_prints:
            by_run.setdefault(finding.scan_id, []).append(finding)
    return by_run


def is_newest(run: WebScan) -> bool:
    """Return whether no later report of its task replaces this one."""
    done_scans = WebScan.objects.filter(task=run.task_id, status=WebScan.Status.DONE).order_by("-pk")
    last_key = done_scans.values_list("pk", flat=True).first()
    return last_key is None or last_key <= run.pk


def blocking_findings_of(run: WebScan) -> list[WebFinding]:
    """Return its high findings, except false positives."""
    return _blocking_findings([run], {run.task_id: _place_of(run)}).get(run.pk, [])


def accepted_fingerprints(run: WebScan, findings: Iterable[WebFinding]) -> Collection[str]:
    """Return the fingerprints among these that are false positives of this site."""
    false_positives = FalsePositive.objects.filter(
        seller=run.seller_id, place=_place_of(run), fingerprint__in=[finding.fingerprint for finding in findings]
    )
    return set(false_positives.values_list("fingerprint", flat=True))


def _place_of(run: WebScan) -> str:
    return WebTask.objects.values_list("place", flat=True).get(pk=run.task_id)


def accept(run: WebScan, fingerprints: Collection[str], *, submission: int, by: str, now: datetime) -> int:
    """Declare these findings false positives of this site, for this evidence. Repeating it has no effect."""
    place = _place_of(run)
    false_positives = {
        finding.fingerprint: FalsePositive(
            seller_id=run.seller_id, place=place, code=finding.code, fingerprint=finding.fingerprint,
            submission=submission, by=by, accepted_at=now,
        )
        for finding in WebFinding.objects.filter(scan=run, fingerprint__in=fingerprints)
    }  # fmt: skip
    FalsePositive.objects.bulk_create(false_positives.values(), ignore_conflicts=True)
    return len(false_positives)


def store_uses(owner: str, scans: Iterable[WebScan]) -> None:
    """Set the runs with which something was submitted. Replaces the previous list."""
    keys = {scan.pk for scan in scans}
    ScanUse.objects.filter(owner=owner).exclude(scan__in=keys).delete()
    ScanUse.objects.bulk_create([ScanUse(owner=owner, scan_id=pk) for pk in sorted(keys)], ignore_conflicts=True)


def scans_used_by(owner: str) -> list[WebScan]:
    return list(WebScan.objects.filter(uses__owner=owner).select_related("task").order_by("pk"))
