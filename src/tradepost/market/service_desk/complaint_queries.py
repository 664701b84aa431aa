"""Queries for complaints of a buyer, complaints about a seller, and all complaints for operators."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count as Number
from django.db.models import Q, QuerySet, Sum
from msgspec import Struct

from tradepost.market.base.counting import Count, count_up_to
from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import Within, any_time, between
from tradepost.market.identity.models import Seller, User

from .models import Complaint

STATUSES_TO_REPLY = (Complaint.Status.ASKED, Complaint.Status.UNANSWERED)
STATUSES_TO_DECIDE = (Complaint.Status.UNANSWERED, Complaint.Status.REPLIED)
RECORD_PERIOD = timedelta(days=365)


def _with_relations(complaints: QuerySet[Complaint]) -> QuerySet[Complaint]:
    return complaints.select_related("buyer", "seller", "order", "subscription", "product")


def complaints_of_buyer(buyer: User, *, within: Within = any_time, after: str = "", size: int = 20) -> Page[Complaint]:
    """Return a page of complaints, newest first."""
    return page(_with_relations(within(Complaint.objects.filter(buyer=buyer), "created_at")), after=after, size=size)


def complaint_of_buyer(buyer: User, pk: int) -> Complaint | None:
    return _with_relations(Complaint.objects.filter(buyer=buyer, pk=pk)).first()


def complaints_of_seller(
    seller: Seller, *, status: str = "", within: Within = any_time, after: str = "", size: int = 20
) -> Page[Complaint]:
    complaints = within(Complaint.objects.filter(seller=seller), "created_at")
    return page(_with_relations(complaints.filter(status=status) if status else complaints), after=after, size=size)


def complaint_of_seller(seller: Seller, pk: int) -> Complaint | None:
    return _with_relations(Complaint.objects.filter(seller=seller, pk=pk)).first()


def count_to_reply(seller: Seller) -> Count:
    """Return the number of complaints that the seller has not replied to."""
    return count_up_to(Complaint.objects.filter(seller=seller, status__in=STATUSES_TO_REPLY))


def all_complaints(
    *, status: str = "", since: datetime | None = None, until: datetime | None = None, after: str = "", size: int = 25
) -> Page[Complaint]:
    complaints = between(Complaint.objects.all(), "created_at", since, until)
    return page(_with_relations(complaints.filter(status=status) if status else complaints), after=after, size=size)


def find_complaint(pk: int) -> Complaint | None:
    return _with_relations(Complaint.objects.filter(pk=pk)).first()


class ComplaintRecord(Struct, frozen=True):
    """Upheld complaints about a seller within a year."""

    upheld: int
    unreachable: int
    points: int


def record_of(seller: Seller, *, now: datetime) -> ComplaintRecord:
    """Return the record of a seller (business-rules §1.6). Points have no automatic consequences."""
    upheld_complaints = Complaint.objects.filter(
        seller=seller, status=Complaint.Status.UPHELD, ended_at__gt=now - RECORD_PERIOD
    )
    unreachable = Q(reason=Complaint.Reason.UNREACHABLE, points__gt=0)
    totals = upheld_complaints.aggregate(
        upheld=Number("pk"), unreachable=Number("pk", filter=unreachable), points=Sum("points")
    )
    return ComplaintRecord(totals["upheld"], totals["unreachable"], totals["points"] or 0)


def complaints_to_decide() -> QuerySet[Complaint]:
    """Return complaints that an operator has to decide, the most urgent first."""
    return _with_relations(Complaint.objects.filter(status__in=STATUSES_TO_DECIDE)).order_by("due_at", "pk")
