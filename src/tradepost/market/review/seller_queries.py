"""What a seller sees of its submissions."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.paging import Page, page
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller

from .models import OPEN, Submission


class SubmissionFilter(Struct, frozen=True, kw_only=True):
    """Empty means all."""

    status: str = ""
    kind: str = ""


def submissions_of(seller: Seller, filters: SubmissionFilter, *, after: str = "", size: int = 25) -> Page[Submission]:
    """Newest first, without their documents."""
    rows = Submission.objects.filter(seller=seller).defer("document").select_related("product", "earlier")
    if filters.status:
        rows = rows.filter(status=filters.status)
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    return page(rows, after=after, size=size)


def find_submission(seller: Seller, pk: int) -> Submission | None:
    """None for another seller's."""
    found = Submission.objects.filter(seller=seller, pk=pk)
    return found.select_related("seller", "product", "earlier", "sent_by").first()


def latest(seller: Seller, kind: str) -> Submission | None:
    """The last of this kind that was sent, whatever became of it."""
    sent = Submission.objects.filter(seller=seller, kind=kind).exclude(status=Submission.Status.DRAFT)
    return sent.order_by("-pk").first()


def under_way(seller: Seller) -> list[Submission]:
    """Being written, checked or decided."""
    statuses = [Submission.Status.DRAFT, *OPEN]
    return list(Submission.objects.filter(seller=seller, status__in=statuses).defer("document").order_by("-pk")[:50])


def open_of_product(product: Product) -> Submission | None:
    """The one about this product that is being checked or decided."""
    return Submission.objects.filter(product=product, status__in=OPEN).order_by("-pk").first()


def last_of_product(product: Product) -> Submission | None:
    """The last one about its document, whatever became of it."""
    about = Submission.objects.filter(product=product, kind__in=("publish", "modify"))
    return about.exclude(status=Submission.Status.DRAFT).order_by("-pk").first()
