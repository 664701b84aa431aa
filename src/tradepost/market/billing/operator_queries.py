"""What operators see: the latest collections of each cycle and what came of them, and who is in arrears."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import Count, Sum
from msgspec import Struct

from tradepost.market.base.models import Job
from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page, page
from tradepost.market.base.work import State
from tradepost.market.metering import collect
from tradepost.market.metering.models import Collection, Cycle

from . import charge
from .models import Arrears, Charge
from .queries import of_service

PAGE = 25


class Collected(Struct, frozen=True):
    """A collection; ``left``: its charging is not done yet, ``error`` why."""

    collection: Collection
    charges: int
    amounts: tuple[Money, ...]
    left: bool
    error: str


def collections(*, cycle: str = "", after: str = "") -> Page[Collected]:
    """Newest first."""
    found = Collection.objects.filter(cycle=cycle) if cycle in Cycle.values else Collection.objects.all()
    listed = page(found, after=after, size=PAGE)
    pks = [one.pk for one in listed.rows]
    sums = Charge.objects.filter(collection__in=pks).values_list("collection", "currency")
    by_collection: dict[int, list[tuple[int, Money]]] = {}
    for pk, currency, number, minor in sums.annotate(number=Count("pk"), minor=Sum("minor")):
        by_collection.setdefault(pk, []).append((number, Money(minor, currency)))
    waiting = {
        job.payload["collection"]: job
        for job in Job.objects.filter(kind=charge.TIMER).exclude(state=State.ENDED)
    }  # fmt: skip
    return Page(
        [_collected(one, by_collection.get(one.pk, []), waiting.get(one.pk)) for one in listed.rows], listed.next_key
    )


def _collected(one: Collection, sums: list[tuple[int, Money]], job: Job | None) -> Collected:
    number, amounts = sum(n for n, _m in sums), tuple(money for _n, money in sums)
    return Collected(one, number, amounts, job is not None, job.error if job else "")


def next_collections() -> list[tuple[str, datetime]]:
    """When each cycle is collected next, soonest first."""
    return list(Job.objects.filter(kind=collect.TIMER).order_by("due_at").values_list("key", "due_at"))


def charges(
    *, buyer: int | None = None, subscription: int | None = None, month: date | None = None, after: str = ""
) -> Page[Charge]:
    """Newest first; all of them, a buyer's, or those of a service. Of those that came to nothing, being parts of a coin, none is told."""
    found = Charge.objects.exclude(minor=0).select_related("subscription__product", "buyer")
    if subscription is not None:
        found = of_service(found, subscription, month)
    return page(found if buyer is None else found.filter(buyer=buyer), after=after, size=PAGE)


class Owing(Struct, frozen=True):
    arrears: Arrears
    owed: Money


def in_arrears(*, after: str = "") -> Page[Owing]:
    """Those who owe now, and since when."""
    standing = Arrears.objects.filter(ended_at=None).select_related("buyer")
    listed = page(standing, after=after, size=PAGE)
    owed = owed_of(listed.rows)
    return Page([Owing(one, owed[one.pk]) for one in listed.rows], listed.next_key)


def owed_of(arrears: Sequence[Arrears]) -> dict[int, Money]:
    """By their keys, in one query."""
    open_ = Charge.objects.filter(buyer__in=[one.buyer_id for one in arrears], open_minor__gt=0)
    sums = {
        (buyer, currency): minor
        for buyer, currency, minor in open_.values_list("buyer", "currency").annotate(total=Sum("open_minor"))
    }  # fmt: skip
    return {one.pk: Money(sums.get((one.buyer_id, one.currency), 0), one.currency) for one in arrears}
