"""Drift as operators see it: what stands or was settled, narrowed, with the repair that is under way; and the comparisons."""

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
    """What an operator asks the list for; empty means all. A value that means nothing finds nothing."""

    settled: bool = False
    what: str = ""
    seller: str = ""


def drifts(asked: DriftFilter, *, after: str = "", size: int = 25) -> Page[Drift]:
    """The newest first, each with its service, seller and latest repair; one query."""
    rows = Drift.objects.filter(settled_at__isnull=not asked.settled)
    if asked.what:
        rows = rows.filter(what=asked.what)
    if asked.seller:
        rows = rows.filter(seller_id=whole_number(asked.seller) or 0)  # no row has the key 0
    shown = rows.select_related("subscription__product", "subscription__buyer", "seller", "operation").defer(
        "subscription__sealed_access", "subscription__sealed_license"
    )
    return page(shown, after=after, size=size)


def find_drift(pk: int) -> Drift | None:
    return Drift.objects.select_related("operation").filter(pk=pk).first()


def drift_of(subscription: int) -> list[Drift]:
    """What stands of one service."""
    return list(Drift.objects.select_related("operation").filter(subscription=subscription, settled_at=None))


class Comparison(Struct, frozen=True):
    """One comparison, under way or ended. ``seller``: whose services; None for one that is not there any more."""

    job: LeasedJob
    seller: Seller | None


def comparisons() -> list[Comparison]:
    """Those under way, then the latest that ended; an index by outcome and kind serves each query."""
    jobs = LeasedJob.objects.filter(kind=KIND).defer("payload").order_by("-pk")
    under_way = list(jobs.filter(outcome=LeasedJob.Outcome.NONE)[:LATEST])
    ended = [job for outcome in LeasedJob.Outcome.values if outcome for job in jobs.filter(outcome=outcome)[:LATEST]]
    shown = [*under_way, *sorted(ended, key=lambda job: -job.pk)[:LATEST]]
    sellers = Seller.objects.in_bulk({job.seller_id for job in shown if job.seller_id is not None})
    return [Comparison(job, sellers.get(job.seller_id or 0)) for job in shown]
