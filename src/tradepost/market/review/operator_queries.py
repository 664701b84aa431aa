"""Queries on submissions for operators: the queue by due time, and other submissions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q, QuerySet
from msgspec import Struct

from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import Seller

from .models import Submission

TAB_CONDITIONS = {
    "waiting": Q(status="pending"),
    "checking": Q(status="checking"),
    "decided": Q(status__in=["approved", "rejected"]),
    "ended": Q(status__in=["failed", "withdrawn"]),
}
"""The tabs of the queue, each with its own index; drafts are visible only to the seller."""


class QueueFilter(Struct, frozen=True, kw_only=True):
    """Filter of the queue; empty for all. ``overdue`` applies to waiting submissions."""

    state: str = "waiting"
    kind: str = ""
    seller: str = ""
    overdue: bool = False


def queue(filters: QueueFilter, *, now: datetime, after: str = "", size: int = 25) -> Page[Submission]:
    """Return a page of submissions without documents: waiting ones by due time, others newest first."""
    rows = Submission.objects.filter(TAB_CONDITIONS.get(filters.state, Q(pk__in=[])))
    rows = rows.defer("document").select_related("seller", "product", "decided_by")
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    if filters.seller:
        rows = rows.filter(seller=whole_number(filters.seller) or 0)
    if filters.overdue:
        rows = rows.filter(due_at__lt=now)
    return _by_clock(rows, after, size) if filters.state == "waiting" else page(rows, after=after, size=size)


def _by_clock(rows: QuerySet[Submission], after: str, size: int) -> Page[Submission]:
    last_submission = Submission.objects.filter(pk=whole_number(after) or 0).only("due_at").first()
    if last_submission is not None and last_submission.due_at is not None:
        rows = rows.filter(
            Q(due_at__gt=last_submission.due_at) | Q(due_at=last_submission.due_at, pk__gt=last_submission.pk)
        )
    rows_page = list(rows.order_by("due_at", "pk")[: size + 1])
    return Page(rows_page[:size], str(rows_page[size - 1].pk) if len(rows_page) > size else "")


def find_submission(pk: int) -> Submission | None:
    """Return a submission, except drafts, which are the seller's own."""
    submissions = Submission.objects.filter(pk=pk).exclude(status=Submission.Status.DRAFT)
    return submissions.select_related("seller", "product", "earlier", "sent_by", "decided_by").first()


def next_submission(submission: Submission) -> Submission | None:
    """Return the most urgent waiting submission other than this one."""
    waiting_submissions = Submission.objects.filter(status=Submission.Status.PENDING).exclude(pk=submission.pk)
    return waiting_submissions.defer("document").order_by("due_at", "pk").first()


def submissions_of(seller: Seller, *, size: int = 20) -> Sequence[Submission]:
    """Return the latest submissions of a seller, without drafts."""
    rows = Submission.objects.filter(seller=seller).exclude(status=Submission.Status.DRAFT)
    return list(rows.defer("document").select_related("decided_by").order_by("-pk")[:size])


def earlier_submissions(submission: Submission) -> Sequence[Submission]:
    """Return the earlier submissions that it corrects, latest first; at most twenty."""
    corrected_submissions: list[Submission] = []
    earlier_submission = submission.earlier
    while earlier_submission is not None and len(corrected_submissions) < 20:
        corrected_submissions.append(earlier_submission)
        earlier_submission = (
            Submission.objects.filter(pk=earlier_submission.earlier_id).first()
            if earlier_submission.earlier_id
            else None
        )
    return corrected_submissions


def sellers_in_queue() -> Sequence[Seller]:
    """Return the sellers with waiting or checked submissions, for a filter."""
    waiting_sellers, checking = (
        Submission.objects.filter(TAB_CONDITIONS[name]).values("seller") for name in ("waiting", "checking")
    )
    return list(Seller.objects.filter(Q(pk__in=waiting_sellers) | Q(pk__in=checking)).order_by("name")[:200])
