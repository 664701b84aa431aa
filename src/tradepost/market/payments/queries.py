"""Read the ledger: balances, entries of an account, and movements of an order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet
from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page, order_of, page
from tradepost.market.base.pk_times import between
from tradepost.market.identity.models import Seller, User

from .models import Account, Entry, Transfer


class BookedEntry(Struct, frozen=True):
    """One entry as the owner of the account sees it."""

    entry: Entry
    amount: Money
    """Positive for incoming money."""
    after: Money


class Movement(Struct, frozen=True):
    """One transfer with its source and target account."""

    transfer: Transfer
    source: Account
    target: Account
    amount: Money

    @property
    def at(self) -> datetime:
        return self.transfer.at


def buyer_account(user: User, currency: str) -> Account | None:
    """Return the buyer's account; None if the buyer never had money. Reading creates no account."""
    return Account.objects.filter(kind=Account.Kind.BUYER, user=user, currency=currency).first()


def balance(user: User, currency: str) -> Money:
    account = buyer_account(user, currency)
    return account.balance if account else Money(0, currency)


def seller_balances(seller: Seller) -> list[Account]:
    return list(Account.objects.filter(kind=Account.Kind.SELLER, seller=seller).order_by("currency"))


def entries(account: Account | None, *, after: str = "", size: int = 25) -> Page[BookedEntry]:
    """Return an account's entries with their transfers, newest first; an empty page without an account."""
    if account is None:
        return Page([], "")
    rows: QuerySet[Entry] = Entry.objects.filter(account=account).select_related("transfer__correction__transfer")
    entry_page = page(rows, after=after, size=size)
    currency = account.currency
    booked_entries = [
        BookedEntry(entry, Money(entry.amount_minor, currency), Money(entry.balance_after_minor or 0, currency))
        for entry in entry_page.rows
    ]
    return Page(booked_entries, entry_page.next_key)


def movements(references: Iterable[str]) -> list[Movement]:
    """Return the movements of an order's money, oldest first, by the numbers of the order and its lines."""
    numbers = list(references)
    return _movements(Transfer.objects.filter(Q(order_number__in=numbers) | Q(reference__in=numbers)))


def movements_of_orders(numbers: Iterable[str]) -> list[Movement]:
    """Return all movements of money for these orders, oldest first, by the index on the order number."""
    return _movements(Transfer.objects.filter(order_number__in=list(numbers)))


def _movements(selected_transfers: Iterable[Transfer]) -> list[Movement]:
    sides = Entry.objects.filter(transfer__in=selected_transfers).select_related(
        "transfer__correction__transfer", "account__user", "account__seller"
    )
    pairs: dict[int, dict[bool, Entry]] = {}
    for side in sides.order_by("transfer_id", "pk"):
        pairs.setdefault(side.transfer_id, {})[side.amount_minor > 0] = side
    return [
        Movement(pair[True].transfer, pair[False].account, pair[True].account, _amount(pair[True]))
        for pair in pairs.values()
    ]


class TransferFilter(Struct, frozen=True, kw_only=True):
    """Filters of the operator's list; empty fields do not filter."""

    reference: str = ""
    """A whole reference or order number, for the indexes."""
    reason: str = ""
    since: datetime | None = None
    until: datetime | None = None
    """Range of the booking time; ``until`` is exclusive."""
    backdated: bool = False
    """Whether bookings may be dated before their row was written, as in a sandbox whose clock jumped."""


def transfers(filters: TransferFilter, *, after: str = "", size: int = 25) -> Page[Movement]:
    """Return movements of money, newest first, or oldest first if ``after`` says so."""
    transfer_page = (
        _backdated_transfers(filters, after, size) if filters.backdated else _indexed_transfers(filters, after, size)
    )
    return _ordered(_movements(transfer_page.rows), after, transfer_page.next_key)


def _backdated_transfers(filters: TransferFilter, after: str, size: int) -> Page[Transfer]:
    """Compare the time of each row; a sandbox has few."""
    bounds = {"at__gte": filters.since, "at__lt": filters.until}
    rows = Transfer.objects.filter(**{bound: moment for bound, moment in bounds.items() if moment is not None})
    return page(_filtered(rows, filters), after=after, size=size)


def _indexed_transfers(filters: TransferFilter, after: str, size: int) -> Page[Transfer]:
    return page(
        _filtered(between(Transfer.objects.all(), "at", filters.since, filters.until), filters), after=after, size=size
    )


def _filtered(rows: QuerySet[Transfer], filters: TransferFilter) -> QuerySet[Transfer]:
    if filters.reason:
        rows = rows.filter(reason=filters.reason)
    if filters.reference:
        rows = rows.filter(Q(reference=filters.reference) | Q(order_number=filters.reference))
    return rows


def find_account(pk: int) -> Account | None:
    return Account.objects.select_related("user", "seller").filter(pk=pk).first()


def movements_of_account(account: Account, *, after: str = "", size: int = 25) -> Page[Movement]:
    """Return the movements of one account, newest first."""
    return _movements_of_entries(Entry.objects.filter(account=account), after, size)


def movements_of_kind(kind: Account.Kind, currency: str, *, after: str = "", size: int = 25) -> Page[Movement]:
    """Return the movements of all buyers' or sellers' accounts, newest first. Nearly every transfer matches, so the
    newest entries suffice."""
    return _movements_of_entries(Entry.objects.filter(account__kind=kind, account__currency=currency), after, size)


def _movements_of_entries(entries: QuerySet[Entry], after: str, size: int) -> Page[Movement]:
    entry_page = page(entries.only("pk", "transfer_id"), after=after, size=size)
    moves = _movements(Transfer.objects.filter(pk__in={entry.transfer_id for entry in entry_page.rows}))
    return _ordered(moves, after, entry_page.next_key)


def _ordered(moves: list[Movement], after: str, next_key: str) -> Page[Movement]:
    """Sort the movements as ``after`` says; they arrive oldest first."""
    oldest, _key = order_of(after)
    return Page(moves if oldest else moves[::-1], next_key)


def _amount(side: Entry) -> Money:
    return Money(side.amount_minor, side.account.currency)


def is_booked(bank_number: str) -> bool:
    """Return whether money with this bank number has arrived."""
    return Transfer.objects.filter(reason=Transfer.Reason.TOP_UP, reference=bank_number).exists()


def top_up_of(reference: str) -> tuple[int | None, Money] | None:
    """Return the buyer and amount booked with this bank reference, so that a page can warn before confirmation."""
    booked_entries = Entry.objects.select_related("account").filter(
        transfer__reason=Transfer.Reason.TOP_UP, transfer__reference=reference, account__kind=Account.Kind.BUYER
    )
    entry = booked_entries.first()
    return (entry.account.user_id, Money(entry.amount_minor, entry.account.currency)) if entry else None
