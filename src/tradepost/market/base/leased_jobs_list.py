"""The list of leased jobs for operators: by outcome and kind, newest first."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from .counting import counts_up_to
from .models import LeasedJob
from .paging import Page, page
from .pk_times import between


class JobFilter(Struct, frozen=True, kw_only=True):
    """``outcome``: a ``LeasedJob.Outcome``; empty or unknown for jobs under way."""

    outcome: str = ""
    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def wanted(self) -> LeasedJob.Outcome:
        return LeasedJob.Outcome(self.outcome) if self.outcome in LeasedJob.Outcome.values else LeasedJob.Outcome.NONE


def listed(job_filter: JobFilter, *, after: str = "", size: int = 25) -> Page[LeasedJob]:
    """Return a page of jobs, without their payload and result, which pages do not show."""
    rows = between(
        LeasedJob.objects.filter(outcome=job_filter.wanted), "created_at", job_filter.since, job_filter.until
    )
    rows = rows.defer("payload", "result")
    return page(rows.filter(kind=job_filter.kind) if job_filter.kind else rows, after=after, size=size)


def count_by_outcome() -> dict[str, int]:
    """Return the number of jobs by outcome, up to a limit."""
    outcomes = list(LeasedJob.Outcome.values)
    return dict(
        zip(outcomes, counts_up_to(*(LeasedJob.objects.filter(outcome=outcome) for outcome in outcomes)), strict=True)
    )


def find_job(pk: int) -> LeasedJob | None:
    return LeasedJob.objects.filter(pk=pk).first()
