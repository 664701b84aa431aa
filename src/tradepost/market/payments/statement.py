"""A buyer's balance as a statement: what came in and went out between two days, with the balance after each, on a page or as a
file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, tzinfo

from django.db.models import QuerySet

from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page, page_where

from .models import Account, Entry, Transfer
from .queries import Booked

KINDS = (
    Transfer.Reason.TOP_UP,
    Transfer.Reason.ASSIGNED,
    Transfer.Reason.PAYMENT,
    Transfer.Reason.REFUND,
    Transfer.Reason.COLLECTED,
    Transfer.Reason.CREDITED,
)
"""What can stand on a buyer's account."""
PIECE = 500
"""Entries of a file that are read at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """What a buyer asks for; nothing means all. Days are those of ``zone``, both of them included."""

    zone: tzinfo
    kind: str = ""
    first: date | None = None
    last: date | None = None

    def wants(self, entry: Entry) -> bool:
        """Whether one of the account's entries is asked for."""
        reason, day = entry.transfer.reason, entry.transfer.at.astimezone(self.zone).date()
        # Money that was assigned later is a top-up to its buyer.
        kind = Transfer.Reason.TOP_UP if reason == Transfer.Reason.ASSIGNED else reason
        return (
            (not self.kind or kind == self.kind)
            and (self.first is None or self.first <= day)
            and (self.last is None or day <= self.last)
        )


def entries(account: Account | None, asked: EntryFilter, *, after: str = "", size: int = 25) -> Page[Booked]:
    """Newest first; an empty page where there is no account."""
    if account is None:
        return Page([], "")
    found = page_where(_rows(account), asked.wants, after=after, size=size)
    return Page([_booked(entry, account) for entry in found.rows], found.next_key)


def to_export(account: Account | None, asked: EntryFilter, *, most: int) -> tuple[list[Booked], bool]:
    """At most so many, newest first, and whether there are more."""
    if account is None:
        return [], False
    found: list[Entry] = []
    after = ""
    while len(found) < most:
        piece = page_where(_rows(account), asked.wants, after=after, size=min(PIECE, most - len(found)))
        found += piece.rows
        after = piece.next_key
        if not after:
            break
    return [_booked(entry, account) for entry in found], bool(after)


def _rows(account: Account) -> QuerySet[Entry]:
    return Entry.objects.filter(account=account).select_related("transfer")


def _booked(entry: Entry, account: Account) -> Booked:
    return Booked(
        entry, Money(entry.amount_minor, account.currency), Money(entry.balance_after_minor or 0, account.currency)
    )
