"""Leased jobs as an operator looks at them: by what became of them, and by kind; newest first."""

from __future__ import annotations

from msgspec import Struct

from .counting import counts_up_to
from .models import LeasedJob
from .paging import Page, page


class JobFilter(Struct, frozen=True, kw_only=True):
    """``outcome``: a ``LeasedJob.Outcome``, empty for those under way; anything else counts as that."""

    outcome: str = ""
    kind: str = ""

    @property
    def wanted(self) -> LeasedJob.Outcome:
        return LeasedJob.Outcome(self.outcome) if self.outcome in LeasedJob.Outcome.values else LeasedJob.Outcome.NONE


def listed(asked: JobFilter, *, after: str = "") -> Page[LeasedJob]:
    """Without what a job was given and gave: pages show neither."""
    rows = LeasedJob.objects.filter(outcome=asked.wanted).defer("payload", "result")
    return page(rows.filter(kind=asked.kind) if asked.kind else rows, after=after)


def how_many() -> dict[str, int]:
    """By outcome, no further than they are read."""
    outcomes = list(LeasedJob.Outcome.values)
    return dict(zip(outcomes, counts_up_to(*(LeasedJob.objects.filter(outcome=one) for one in outcomes)), strict=True))


def find_job(pk: int) -> LeasedJob | None:
    return LeasedJob.objects.filter(pk=pk).first()
