"""Queries on a seller's own submissions."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.paging import Page, page
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller

from .models import OPEN, Submission


class SubmissionFilter(Struct, frozen=True, kw_only=True):
    """Filter of the list; empty for all."""

    status: str = ""
    kind: str = ""


def submissions_of(seller: Seller, filters: SubmissionFilter, *, after: str = "", size: int = 25) -> Page[Submission]:
    """Return a page of submissions, newest first, without documents."""
    rows = Submission.objects.filter(seller=seller).defer("document").select_related("product", "earlier")
    if filters.status:
        rows = rows.filter(status=filters.status)
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    return page(rows, after=after, size=size)


def find_submission(seller: Seller, pk: int) -> Submission | None:
    """Return a submission; None for another seller's."""
    submissions = Submission.objects.filter(seller=seller, pk=pk)
    return submissions.select_related("seller", "product", "earlier", "sent_by").first()


def latest(seller: Seller, kind: str) -> Submission | None:
    """Return the last sent submission of this kind, with any outcome."""
    sent_submissions = Submission.objects.filter(seller=seller, kind=kind).exclude(status=Submission.Status.DRAFT)
    return sent_submissions.order_by("-pk").first()


def submissions_under_way(seller: Seller) -> list[Submission]:
    """Return the submissions that are drafts, being checked or awaiting a decision."""
    statuses = [Submission.Status.DRAFT, *OPEN]
    return list(Submission.objects.filter(seller=seller, status__in=statuses).defer("document").order_by("-pk")[:50])


def open_of_product(product: Product) -> Submission | None:
    """Return the open submission about this product."""
    return Submission.objects.filter(product=product, status__in=OPEN).order_by("-pk").first()


def last_of_product(product: Product) -> Submission | None:
    """Return the last submission about its document, with any outcome."""
    submissions = Submission.objects.filter(product=product, kind__in=("publish", "modify"))
    return submissions.exclude(status=Submission.Status.DRAFT).order_by("-pk").first()


def latest_of_product(product: Product) -> Submission | None:
    """Return the last submission about it of any kind, with any outcome."""
    sent_submissions = Submission.objects.filter(product=product).exclude(status=Submission.Status.DRAFT)
    return sent_submissions.defer("document").order_by("-pk").first()
