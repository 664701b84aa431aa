"""Whether a web site may be sold with: what the newest run of its tasks says, and for how long that counts (§2.7).

One high finding blocks, unless an operator took just that one, with just that evidence, for mistaken.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import OuterRef, Q, Subquery
from msgspec import Struct

from tradepost.market.identity.models import Domain, Seller

from .contract import Severity
from .models import FalsePositive, ScanUse, WebFinding, WebScan, WebTask
from .tasks import place_of


class State(StrEnum):
    """How an address stands. ``PASSED`` alone lets it be sold with."""

    NO_TASK = "no_task"
    UNPROVEN = "unproven"
    NEVER = "never"
    RUNNING = "running"
    UNREACHED = "unreached"
    BROKEN = "broken"
    EXPIRED = "expired"
    BLOCKED = "blocked"
    PASSED = "passed"


class Standing(Struct, frozen=True, kw_only=True):
    state: State
    task: WebTask | None = None
    scan: WebScan | None = None
    blocking: tuple[WebFinding, ...] = ()


_WORST_FIRST = (
    State.BLOCKED, State.RUNNING, State.PASSED, State.UNPROVEN, State.EXPIRED, State.UNREACHED, State.BROKEN, State.NEVER,
)  # fmt: skip
"""Of several tasks on one domain the first of these is told: a fault counts wherever it is, a pass is enough once."""


def standing_of(seller: Seller, url: str, *, valid: timedelta, now: datetime) -> Standing:
    """How the site at this address stands: by the task for just that address, else by all on its domain."""
    tasks = list(WebTask.objects.filter(seller=seller, place=place_of(url)).order_by("pk"))
    exact = [task for task in tasks if task.url.rstrip("/") == url.rstrip("/")]
    found = standings_of(exact or tasks, valid=valid, now=now).values()
    return min(found, key=lambda one: _WORST_FIRST.index(one.state), default=Standing(state=State.NO_TASK))


def standing_of_task(task: WebTask, *, valid: timedelta, now: datetime) -> Standing:
    return standings_of([task], valid=valid, now=now)[task.pk]


def standings_of(tasks: Collection[WebTask], *, valid: timedelta, now: datetime) -> dict[int, Standing]:
    """By the key of its task, in a handful of statements however many there are."""
    known = WebTask.objects.filter(pk__in=[task.pk for task in tasks]).select_related("domain").annotate(
        report=newest(Q(status=WebScan.Status.DONE)),
        last=newest(Q(status__in=list(_WITHOUT))),
    )  # fmt: skip
    rows = list(known.order_by("pk"))
    wanted = {pk for task in rows for pk in (task.report, task.last) if pk}
    runs = WebScan.objects.in_bulk(wanted)
    blocking = _blocking([runs[task.report] for task in rows if task.report], {task.pk: task.place for task in rows})
    return {
        task.pk: _judged(task, runs.get(task.report), runs.get(task.last), blocking, valid=valid, now=now)
        for task in rows
    }


def newest(which: Q) -> Subquery:
    """The key of the newest of these runs of a task."""
    runs = WebScan.objects.filter(which, task=OuterRef("pk"))
    return Subquery(runs.order_by("-pk").values("pk")[:1])


def _judged(
    task: WebTask, report: WebScan | None, last: WebScan | None, blocking: Mapping[int, Sequence[WebFinding]], *,
    valid: timedelta, now: datetime,
) -> Standing:  # fmt: skip
    """A later run that met nobody, or broke off, takes nothing from an earlier report; alone it passes nothing."""
    if task.domain.status != Domain.Status.VERIFIED:
        return Standing(state=State.UNPROVEN, task=task)
    if report is None:
        return Standing(state=_WITHOUT[WebScan.Status(last.status)] if last else State.NEVER, task=task, scan=last)
    if found := tuple(blocking.get(report.pk, ())):
        return Standing(state=State.BLOCKED, task=task, scan=report, blocking=found)
    expired = report.ended_at is None or report.ended_at + valid <= now
    return Standing(state=State.EXPIRED if expired else State.PASSED, task=task, scan=report)


_WITHOUT = {
    WebScan.Status.RUNNING: State.RUNNING, WebScan.Status.UNREACHED: State.UNREACHED, WebScan.Status.BROKEN: State.BROKEN,
}  # fmt: skip


def _blocking(runs: Collection[WebScan], places: Mapping[int, str]) -> dict[int, list[WebFinding]]:
    """By the key of a run its high findings, without those that were taken for mistaken on its site."""
    high = list(WebFinding.objects.filter(scan__in=runs, severity=Severity.HIGH).order_by("pk")) if runs else []
    if not high:
        return {}
    mistaken = FalsePositive.objects.filter(
        seller__in={run.seller_id for run in runs}, fingerprint__in={finding.fingerprint for finding in high}
    )
    accepted = set(mistaken.values_list("seller_id", "place", "fingerprint"))
    of = {run.pk: (run.seller_id, places[run.task_id]) for run in runs}
    found: dict[int, list[WebFinding]] = {}
    for finding in high:
        if (*of[finding.scan_id], finding.fingerprint) not in accepted:
            found.setdefault(finding.scan_id, []).append(finding)
    return found


def is_newest(run: WebScan) -> bool:
    """Whether no later report of its task counts in its place."""
    done = WebScan.objects.filter(task=run.task_id, status=WebScan.Status.DONE).order_by("-pk")
    last = done.values_list("pk", flat=True).first()
    return last is None or last <= run.pk


def blocking_of(run: WebScan) -> list[WebFinding]:
    """Its high findings, without those that were taken for mistaken."""
    return _blocking([run], {run.task_id: _place_of(run)}).get(run.pk, [])


def accepted_of(run: WebScan, findings: Iterable[WebFinding]) -> Collection[str]:
    """Fingerprints among these that an operator took for mistaken on this site."""
    known = FalsePositive.objects.filter(
        seller=run.seller_id, place=_place_of(run), fingerprint__in=[finding.fingerprint for finding in findings]
    )
    return set(known.values_list("fingerprint", flat=True))


def _place_of(run: WebScan) -> str:
    return WebTask.objects.values_list("place", flat=True).get(pk=run.task_id)


def accept(run: WebScan, fingerprints: Collection[str], *, submission: int, by: str, now: datetime) -> int:
    """From now on these findings block this site no more, while their evidence is the same. Repeating it changes nothing."""
    place = _place_of(run)
    mistaken = {
        finding.fingerprint: FalsePositive(
            seller_id=run.seller_id, place=place, code=finding.code, fingerprint=finding.fingerprint,
            submission=submission, by=by, accepted_at=now,
        )
        for finding in WebFinding.objects.filter(scan=run, fingerprint__in=fingerprints)
    }  # fmt: skip
    FalsePositive.objects.bulk_create(mistaken.values(), ignore_conflicts=True)
    return len(mistaken)


def use(owner: str, scans: Iterable[WebScan]) -> None:
    """Say with which runs something was handed in: the whole list, in place of the last one."""
    wanted = {scan.pk for scan in scans}
    ScanUse.objects.filter(owner=owner).exclude(scan__in=wanted).delete()
    ScanUse.objects.bulk_create([ScanUse(owner=owner, scan_id=pk) for pk in sorted(wanted)], ignore_conflicts=True)


def used_by(owner: str) -> list[WebScan]:
    return list(WebScan.objects.filter(uses__owner=owner).select_related("task").order_by("pk"))
