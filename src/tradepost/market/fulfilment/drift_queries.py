"""Drift for operators: open and settled differences with their repairs, and comparisons."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.models import LeasedJob
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import Seller

from .models import Drift
from .reconcile import KIND

LATEST = 10


class DriftFilter(Struct, frozen=True, kw_only=True):
    """Filters of the list; empty fields do not filter. An invalid value matches nothing."""

    settled: bool = False
    what: str = ""
    seller: str = ""


def drifts(filters: DriftFilter, *, after: str = "", size: int = 25) -> Page[Drift]:
    """Return drift, newest first, with service, seller and latest repair, in one query."""
    rows = Drift.objects.filter(settled_at__isnull=not filters.settled)
    if filters.what:
        rows = rows.filter(what=filters.what)
    if filters.seller:
        rows = rows.filter(seller_id=whole_number(filters.seller) or 0)  # no row has the key 0
    selected_rows = rows.select_related("subscription__product", "subscription__buyer", "seller", "operation").defer(
        "subscription__sealed_access", "subscription__sealed_license"
    )
    return page(selected_rows, after=after, size=size)


def find_drift(pk: int) -> Drift | None:
    return Drift.objects.select_related("operation").filter(pk=pk).first()


def drift_of(subscription: int) -> list[Drift]:
    """Return the open drift of one service."""
    return list(Drift.objects.select_related("operation").filter(subscription=subscription, settled_at=None))


class Comparison(Struct, frozen=True):
    """A comparison in progress or ended. ``seller``: None if it no longer exists."""

    job: LeasedJob
    seller: Seller | None


def comparisons() -> list[Comparison]:
    """Return comparisons in progress, then the latest ended ones; an index by outcome and kind serves each query."""
    jobs = LeasedJob.objects.filter(kind=KIND).defer("payload").order_by("-pk")
    under_way = list(jobs.filter(outcome=LeasedJob.Outcome.NONE)[:LATEST])
    ended_jobs = [
        job for outcome in LeasedJob.Outcome.values if outcome for job in jobs.filter(outcome=outcome)[:LATEST]
    ]
    latest_jobs = [*under_way, *sorted(ended_jobs, key=lambda job: -job.pk)[:LATEST]]
    sellers = Seller.objects.in_bulk({job.seller_id for job in latest_jobs if job.seller_id is not None})
    return [Comparison(job, sellers.get(job.seller_id or 0)) for job in latest_jobs]
