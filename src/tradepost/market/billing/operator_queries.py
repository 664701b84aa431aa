"""Billing for operators: the latest collections with their charges, and buyers in arrears."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count, Sum
from msgspec import Struct

from tradepost.market.base.models import Job
from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import between
from tradepost.market.base.work import State
from tradepost.market.metering import collect
from tradepost.market.metering.models import Collection, Cycle

from . import charge
from .models import Arrears, Charge

PAGE = 25


class CollectionCharges(Struct, frozen=True):
    """A collection with its charges. ``left``: charging is not finished; ``error``: its error."""

    collection: Collection
    charges: int
    amounts: tuple[Money, ...]
    left: bool
    error: str


def collections(
    *, cycle: str = "", since: datetime | None = None, until: datetime | None = None, after: str = "", size: int = PAGE
) -> Page[CollectionCharges]:
    """Return collections, newest first."""
    selected_collections = between(Collection.objects.all(), "closed_at", since, until)
    collection_page = page(
        selected_collections.filter(cycle=cycle) if cycle in Cycle.values else selected_collections,
        after=after,
        size=size,
    )
    pks = [row.pk for row in collection_page.rows]
    sums = Charge.objects.filter(collection__in=pks).values_list("collection", "currency")
    by_collection: dict[int, list[tuple[int, Money]]] = {}
    for pk, currency, number, minor in sums.annotate(number=Count("pk"), minor=Sum("minor")):
        by_collection.setdefault(pk, []).append((number, Money(minor, currency)))
    waiting_counts = {
        job.payload["collection"]: job
        for job in Job.objects.filter(kind=charge.TIMER).exclude(state=State.ENDED)
    }  # fmt: skip
    return Page(
        [_collected(row, by_collection.get(row.pk, []), waiting_counts.get(row.pk)) for row in collection_page.rows],
        collection_page.next_key,
    )


def _collected(collection: Collection, sums: list[tuple[int, Money]], job: Job | None) -> CollectionCharges:
    number, amounts = sum(n for n, _m in sums), tuple(money for _n, money in sums)
    return CollectionCharges(collection, number, amounts, job is not None, job.error if job else "")


def next_collections() -> list[tuple[str, datetime]]:
    """Return the next collection of each cycle, soonest first."""
    return list(Job.objects.filter(kind=collect.TIMER).order_by("due_at").values_list("key", "due_at"))


class ArrearsWithDebt(Struct, frozen=True):
    arrears: Arrears
    owed: Money


def buyers_in_arrears(
    *, since: datetime | None = None, until: datetime | None = None, after: str = "", size: int = PAGE
) -> Page[ArrearsWithDebt]:
    """Return buyers in arrears."""
    open_arrears = between(Arrears.objects.filter(ended_at=None), "began_at", since, until)
    arrears_page = page(open_arrears.select_related("buyer"), after=after, size=size)
    debts_by_arrears = debts_of(arrears_page.rows)
    return Page([ArrearsWithDebt(row, debts_by_arrears[row.pk]) for row in arrears_page.rows], arrears_page.next_key)


def debts_of(arrears: Sequence[Arrears]) -> dict[int, Money]:
    """Return the debts by key of the arrears, in one query."""
    unpaid = Charge.objects.filter(buyer__in=[row.buyer_id for row in arrears], open_minor__gt=0)
    sums = {
        (buyer, currency): minor
        for buyer, currency, minor in unpaid.values_list("buyer", "currency").annotate(total=Sum("open_minor"))
    }  # fmt: skip
    return {row.pk: Money(sums.get((row.buyer_id, row.currency), 0), row.currency) for row in arrears}
