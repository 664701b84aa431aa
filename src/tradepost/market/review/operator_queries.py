"""What operators see of submissions: the queue by its clock, and what became of the others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q, QuerySet
from msgspec import Struct

from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import Seller

from .models import Submission

STATES = {
    "waiting": Q(status="pending"),
    "checking": Q(status="checking"),
    "decided": Q(status__in=["approved", "rejected"]),
    "ended": Q(status__in=["failed", "withdrawn"]),
}
"""What a tab of the queue shows, each with an index of its own; drafts are nobody's but the seller's."""


class QueueFilter(Struct, frozen=True, kw_only=True):
    """Empty means all; ``overdue`` narrows what waits."""

    state: str = "waiting"
    kind: str = ""
    seller: str = ""
    overdue: bool = False


def queue(filters: QueueFilter, *, now: datetime, after: str = "", size: int = 25) -> Page[Submission]:
    """What waits by its clock, the most urgent first; all else newest first. Without documents."""
    rows = Submission.objects.filter(STATES.get(filters.state, Q(pk__in=[])))
    rows = rows.defer("document").select_related("seller", "product", "decided_by")
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    if filters.seller:
        rows = rows.filter(seller=whole_number(filters.seller) or 0)
    if filters.overdue:
        rows = rows.filter(due_at__lt=now)
    return _by_clock(rows, after, size) if filters.state == "waiting" else page(rows, after=after, size=size)


def _by_clock(rows: QuerySet[Submission], after: str, size: int) -> Page[Submission]:
    last = Submission.objects.filter(pk=whole_number(after) or 0).only("due_at").first()
    if last is not None and last.due_at is not None:
        rows = rows.filter(Q(due_at__gt=last.due_at) | Q(due_at=last.due_at, pk__gt=last.pk))
    found = list(rows.order_by("due_at", "pk")[: size + 1])
    return Page(found[:size], str(found[size - 1].pk) if len(found) > size else "")


def find_submission(pk: int) -> Submission | None:
    """Not a draft: that is the seller's own."""
    found = Submission.objects.filter(pk=pk).exclude(status=Submission.Status.DRAFT)
    return found.select_related("seller", "product", "earlier", "sent_by", "decided_by").first()


def next_waiting(submission: Submission) -> Submission | None:
    """The most urgent one that is not this."""
    waiting = Submission.objects.filter(status=Submission.Status.PENDING).exclude(pk=submission.pk)
    return waiting.defer("document").order_by("due_at", "pk").first()


def submissions_of(seller: Seller, *, size: int = 20) -> Sequence[Submission]:
    """The latest of a seller, drafts left out."""
    rows = Submission.objects.filter(seller=seller).exclude(status=Submission.Status.DRAFT)
    return list(rows.defer("document").select_related("decided_by").order_by("-pk")[:size])


def sent_before(submission: Submission) -> Sequence[Submission]:
    """Earlier ones that it corrects, the latest first; at most twenty."""
    found: list[Submission] = []
    earlier = submission.earlier
    while earlier is not None and len(found) < 20:
        found.append(earlier)
        earlier = Submission.objects.filter(pk=earlier.earlier_id).first() if earlier.earlier_id else None
    return found


def sellers_in_queue() -> Sequence[Seller]:
    """Those with something that waits or is checked, for a filter."""
    waiting, checking = (Submission.objects.filter(STATES[name]).values("seller") for name in ("waiting", "checking"))
    return list(Seller.objects.filter(Q(pk__in=waiting) | Q(pk__in=checking)).order_by("name")[:200])
