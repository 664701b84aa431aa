"""Queries on tasks and runs for sellers and operators."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q
from msgspec import Struct

from tradepost.market.base import leased_jobs
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import between
from tradepost.market.identity.models import Seller

from .contract import Severity
from .models import WebFinding, WebScan, WebTask
from .scan import KIND
from .standing import SiteState, newest, site_states_of

HISTORY_SIZE = 10


class TaskRow(Struct, frozen=True, kw_only=True):
    task: WebTask
    standing: SiteState
    running: WebScan | None
    last: WebScan | None
    high: int
    others: int


def tasks_of(seller: Seller, *, valid: timedelta, now: datetime) -> list[TaskRow]:
    """Return all tasks of a seller, who has few."""
    tasks = list(
        WebTask.objects.filter(seller=seller).select_related("domain").order_by("url")
        .annotate(last=newest(~Q(status=WebScan.Status.RUNNING)), running=newest(Q(status=WebScan.Status.RUNNING)))
    )  # fmt: skip
    standings = site_states_of(tasks, valid=valid, now=now)
    runs = WebScan.objects.in_bulk({pk for task in tasks for pk in (task.last, task.running) if pk})
    finding_counts = _finding_counts({task.last for task in tasks if task.last})
    return [
        TaskRow(
            task=task, standing=standings[task.pk], running=runs.get(task.running), last=runs.get(task.last),
            high=finding_counts.get(task.last, (0, 0))[0], others=finding_counts.get(task.last, (0, 0))[1],
        )
        for task in tasks
    ]  # fmt: skip


def _finding_counts(runs: Collection[int]) -> dict[int, tuple[int, int]]:
    """Return by run the number of high findings, and of others."""
    grouped_findings = WebFinding.objects.filter(scan__in=runs).order_by().values("scan")
    rows = grouped_findings.annotate(high=Count("pk", filter=Q(severity=Severity.HIGH)), every=Count("pk"))
    return {row["scan"]: (row["high"], row["every"] - row["high"]) for row in rows}


def find_task(seller: Seller, pk: int) -> WebTask | None:
    """Return a task; None for another seller's."""
    return WebTask.objects.filter(seller=seller, pk=pk).select_related("domain", "seller").first()


def find_scan(seller: Seller, pk: int) -> WebScan | None:
    return WebScan.objects.filter(seller=seller, pk=pk).select_related("task", "task__domain", "seller").first()


def running_of(task: WebTask) -> WebScan | None:
    return WebScan.objects.filter(task=task, status=WebScan.Status.RUNNING).first()


def last_of(task: WebTask) -> WebScan | None:
    """Return the newest run that has ended, with any outcome."""
    return WebScan.objects.filter(task=task).exclude(status=WebScan.Status.RUNNING).order_by("-pk").first()


def history_of(task: WebTask) -> list[WebScan]:
    high_count = Count("findings", filter=Q(findings__severity=Severity.HIGH))
    return list(WebScan.objects.filter(task=task).annotate(high=high_count).order_by("-pk")[:HISTORY_SIZE])


def job_of(run: WebScan) -> LeasedJob | None:
    return leased_jobs.newest(KIND, str(run.pk))


# --- operators
# --------------------------------------------------------------------------------------------------------


class ScanFilter(Struct, frozen=True, kw_only=True):
    """Filter of the list; empty for all."""

    status: str = ""
    seller: str = ""
    since: datetime | None = None
    until: datetime | None = None


def scans(filters: ScanFilter, *, after: str = "", size: int = 25) -> Page[WebScan]:
    """Return a page of runs, newest first, with the number of their high findings."""
    rows = between(WebScan.objects.all(), "started_at", filters.since, filters.until)
    rows = rows.select_related("task", "seller").defer("not_tested")
    if filters.status:
        rows = rows.filter(status=filters.status)
    if filters.seller:
        rows = rows.filter(seller=whole_number(filters.seller) or 0)
    runs = page(rows, after=after, size=size)
    high_scans = WebScan.objects.filter(pk__in=[run.pk for run in runs.rows]).annotate(
        high=Count("findings", filter=Q(findings__severity=Severity.HIGH))
    )
    high_counts = dict(high_scans.values_list("pk", "high"))
    for run in runs.rows:
        run.high = high_counts[run.pk]  # type: ignore[attr-defined]  # for the list only
    return runs


def find_any_scan(pk: int) -> WebScan | None:
    return WebScan.objects.filter(pk=pk).select_related("task", "task__domain", "seller", "by").first()


def sellers_with_tasks() -> list[Seller]:
    """Return the sellers for a filter."""
    return list(Seller.objects.filter(Exists(WebTask.objects.filter(seller=OuterRef("pk")))).order_by("name")[:200])
