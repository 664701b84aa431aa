"""Statement of a buyer's balance: entries between two days with the balance after each, as a page or file."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo
from itertools import batched

from django.db.models import QuerySet, prefetch_related_objects
from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page, page

from .models import Account, Entry, Transfer
from .queries import BookedEntry

STATEMENT_KINDS = (
    Transfer.Reason.TOP_UP,
    Transfer.Reason.PAYMENT,
    Transfer.Reason.REFUND,
    Transfer.Reason.COLLECTED,
    Transfer.Reason.CREDITED,
    Transfer.Reason.CORRECTED,
    Transfer.Reason.WITHDRAWAL,
    Transfer.Reason.WITHDRAWAL_RELEASED,
    Transfer.Reason.WITHDRAWAL_RETURNED,
)
"""Kinds of entries on a statement."""
MAX_UNORDERED_ENTRIES = 20
"""Maximum distance of entries of one account that two processes wrote at the same time with slightly different clocks.
"""
BATCH_SIZE = 500
"""Transfers that a file reads per statement."""


class EntryFilter(Struct, frozen=True, kw_only=True):
    """Filters of a statement; empty fields do not filter. Days are those of ``zone``, both included."""

    zone: tzinfo
    kind: str = ""
    first: date | None = None
    last: date | None = None


def entries(account: Account | None, filters: EntryFilter, *, after: str = "", size: int = 25) -> Page[BookedEntry]:
    """Return the entries, newest first; an empty page without an account."""
    if account is None:
        return Page([], "")
    entry_page = page(_rows(account, filters), after=after, size=size, along=_index_columns(filters))
    return Page([_booked(entry, account) for entry in entry_page.rows], entry_page.next_key)


def entries_to_export(account: Account | None, filters: EntryFilter, *, most: int) -> tuple[list[BookedEntry], bool]:
    """Return at most ``most`` entries, newest first, and whether there are more."""
    if account is None:
        return [], False
    entry_page = page(_rows(account, filters).select_related(None), size=most, along=_index_columns(filters))
    for batch in batched(entry_page.rows, BATCH_SIZE):
        prefetch_related_objects(batch, "transfer")  # by key; a join would read all transfers of the market
        corrected_entries = [entry for entry in batch if entry.transfer.reason == Transfer.Reason.CORRECTED]
        prefetch_related_objects(corrected_entries, "transfer__correction__transfer")
    return [_booked(entry, account) for entry in entry_page.rows], bool(entry_page.next_key)


def _rows(account: Account, filters: EntryFilter) -> QuerySet[Entry]:
    own_entries = Entry.objects.filter(account=account)
    selected_entries = own_entries.filter(statement_kind=filters.kind) if filters.kind else own_entries
    # Also by key, so that entries before or after these days are not read.
    if filters.first is not None:
        since = _midnight(filters.first, filters.zone)
        boundary_keys = _boundary_keys(own_entries.filter(at__gte=since).order_by("account", "at", "pk"))
        selected_entries = (
            selected_entries.filter(at__gte=since, pk__gte=min(boundary_keys))
            if boundary_keys
            else selected_entries.none()
        )
    if filters.last is not None:
        until = _midnight(filters.last + timedelta(days=1), filters.zone)
        boundary_keys = _boundary_keys(own_entries.filter(at__lt=until).order_by("-account", "-at", "-pk"))
        selected_entries = (
            selected_entries.filter(at__lt=until, pk__lte=max(boundary_keys))
            if boundary_keys
            else selected_entries.none()
        )
    return selected_entries.select_related("transfer__correction__transfer")


def _index_columns(filters: EntryFilter) -> tuple[str, ...]:
    return ("account", "statement_kind") if filters.kind else ("account",)


def _boundary_keys(edge: QuerySet[Entry]) -> list[int]:
    return list(edge.values_list("pk", flat=True)[:MAX_UNORDERED_ENTRIES])


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _booked(entry: Entry, account: Account) -> BookedEntry:
    return BookedEntry(
        entry, Money(entry.amount_minor, account.currency), Money(entry.balance_after_minor or 0, account.currency)
    )
