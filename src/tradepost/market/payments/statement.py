"""A buyer's balance as a statement: what came in and went out between two days, with the balance after each, on a page or as a
file."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo
from itertools import batched

from django.db.models import QuerySet, prefetch_related_objects
from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page, page

from .models import Account, Entry, Transfer
from .queries import Booked

KINDS = (
    Transfer.Reason.TOP_UP,
    Transfer.Reason.PAYMENT,
    Transfer.Reason.REFUND,
    Transfer.Reason.COLLECTED,
    Transfer.Reason.CREDITED,
)
"""What a buyer's entries are called."""
CLOSE = 20
"""Entries of one account that were written at the same time by two processes, whose clocks differ a little, are as near to
each other as this."""
AT_ONCE = 500
"""Transfers that a file reads in one statement."""


class EntryFilter(Struct, frozen=True, kw_only=True):
    """What a buyer asks for; nothing means all. Days are those of ``zone``, both of them included."""

    zone: tzinfo
    kind: str = ""
    first: date | None = None
    last: date | None = None


def entries(account: Account | None, asked: EntryFilter, *, after: str = "", size: int = 25) -> Page[Booked]:
    """Newest first; an empty page where there is no account."""
    if account is None:
        return Page([], "")
    found = page(_rows(account, asked), after=after, size=size, along=_along(asked))
    return Page([_booked(entry, account) for entry in found.rows], found.next_key)


def to_export(account: Account | None, asked: EntryFilter, *, most: int) -> tuple[list[Booked], bool]:
    """At most so many, newest first, and whether there are more."""
    if account is None:
        return [], False
    found = page(_rows(account, asked).select_related(None), size=most, along=_along(asked))
    for some in batched(found.rows, AT_ONCE):
        prefetch_related_objects(some, "transfer")  # by their keys: joined, all transfers of the market would be read
    return [_booked(entry, account) for entry in found.rows], bool(found.next_key)


def _rows(account: Account, asked: EntryFilter) -> QuerySet[Entry]:
    mine = Entry.objects.filter(account=account)
    wanted = mine.filter(statement_kind=asked.kind) if asked.kind else mine
    # By key as well, so that nothing before or after these days is looked at.
    if asked.first is not None:
        since = _midnight(asked.first, asked.zone)
        near = _keys(mine.filter(at__gte=since).order_by("account", "at", "pk"))
        wanted = wanted.filter(at__gte=since, pk__gte=min(near)) if near else wanted.none()
    if asked.last is not None:
        until = _midnight(asked.last + timedelta(days=1), asked.zone)
        near = _keys(mine.filter(at__lt=until).order_by("-account", "-at", "-pk"))
        wanted = wanted.filter(at__lt=until, pk__lte=max(near)) if near else wanted.none()
    return wanted.select_related("transfer")


def _along(asked: EntryFilter) -> tuple[str, ...]:
    return ("account", "statement_kind") if asked.kind else ("account",)


def _keys(edge: QuerySet[Entry]) -> list[int]:
    return list(edge.values_list("pk", flat=True)[:CLOSE])


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _booked(entry: Entry, account: Account) -> Booked:
    return Booked(
        entry, Money(entry.amount_minor, account.currency), Money(entry.balance_after_minor or 0, account.currency)
    )
