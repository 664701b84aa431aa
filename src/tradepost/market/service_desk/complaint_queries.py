"""What is read of complaints: a buyer's own, those about a seller, and all for operators."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count as Number
from django.db.models import Q, QuerySet, Sum
from msgspec import Struct

from tradepost.market.base.counting import Count, count_up_to
from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import Seller, User

from .models import Complaint

TO_REPLY = (Complaint.Status.ASKED, Complaint.Status.UNANSWERED)
TO_DECIDE = (Complaint.Status.UNANSWERED, Complaint.Status.REPLIED)
YEAR = timedelta(days=365)


def _shown(complaints: QuerySet[Complaint]) -> QuerySet[Complaint]:
    return complaints.select_related("buyer", "seller", "order", "subscription", "product")


def complaints_of_buyer(buyer: User, *, after: str = "", size: int = 20) -> Page[Complaint]:
    """Newest first."""
    return page(_shown(Complaint.objects.filter(buyer=buyer)), after=after, size=size)


def complaint_of_buyer(buyer: User, pk: int) -> Complaint | None:
    return _shown(Complaint.objects.filter(buyer=buyer, pk=pk)).first()


def complaints_of_seller(seller: Seller, *, status: str = "", after: str = "", size: int = 20) -> Page[Complaint]:
    complaints = Complaint.objects.filter(seller=seller)
    return page(_shown(complaints.filter(status=status) if status else complaints), after=after, size=size)


def complaint_of_seller(seller: Seller, pk: int) -> Complaint | None:
    return _shown(Complaint.objects.filter(seller=seller, pk=pk)).first()


def to_reply(seller: Seller) -> Count:
    """How many this seller has said nothing to yet."""
    return count_up_to(Complaint.objects.filter(seller=seller, status__in=TO_REPLY))


def all_complaints(*, status: str = "", after: str = "", size: int = 25) -> Page[Complaint]:
    complaints = Complaint.objects.all()
    return page(_shown(complaints.filter(status=status) if status else complaints), after=after, size=size)


def find_complaint(pk: int) -> Complaint | None:
    return _shown(Complaint.objects.filter(pk=pk)).first()


class Record(Struct, frozen=True):
    """What was upheld against a seller within a year."""

    upheld: int
    unreachable: int
    points: int


def record_of(seller: Seller, *, now: datetime) -> Record:
    """Business-rules §1.6: points are counted; nothing follows by itself."""
    lately = Complaint.objects.filter(seller=seller, status=Complaint.Status.UPHELD, ended_at__gt=now - YEAR)
    unreachable = Q(reason=Complaint.Reason.UNREACHABLE, points__gt=0)
    found = lately.aggregate(upheld=Number("pk"), unreachable=Number("pk", filter=unreachable), points=Sum("points"))
    return Record(found["upheld"], found["unreachable"], found["points"] or 0)


def waiting() -> QuerySet[Complaint]:
    """Those that an operator decides now, the most urgent first."""
    return _shown(Complaint.objects.filter(status__in=TO_DECIDE)).order_by("due_at", "pk")
