"""Reads of the ledger: a person's balance, the entries of an account, and how an order's money moved."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet
from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import Seller, User

from .models import Account, Entry, Transfer


class Booked(Struct, frozen=True):
    """One entry as an account's owner reads it."""

    entry: Entry
    amount: Money
    """Positive when it came in."""
    after: Money


class Movement(Struct, frozen=True):
    """One transfer: so much went from one account to another."""

    transfer: Transfer
    source: Account
    target: Account
    amount: Money

    @property
    def at(self) -> datetime:
        return self.transfer.at


def buyer_account(user: User, currency: str) -> Account | None:
    """None for a buyer who never had money here: reading opens no account."""
    return Account.objects.filter(kind=Account.Kind.BUYER, user=user, currency=currency).first()


def balance(user: User, currency: str) -> Money:
    account = buyer_account(user, currency)
    return account.balance if account else Money(0, currency)


def seller_balances(seller: Seller) -> list[Account]:
    return list(Account.objects.filter(kind=Account.Kind.SELLER, seller=seller).order_by("currency"))


def entries(account: Account | None, *, after: str = "", size: int = 25) -> Page[Booked]:
    """An account's entries, newest first, with their transfers; an empty page where there is no account."""
    if account is None:
        return Page([], "")
    rows: QuerySet[Entry] = Entry.objects.filter(account=account).select_related("transfer")
    found = page(rows, after=after, size=size)
    currency = account.currency
    booked = [
        Booked(e, Money(e.amount_minor, currency), Money(e.balance_after_minor or 0, currency)) for e in found.rows
    ]
    return Page(booked, found.next_key)


def movements(references: Iterable[str]) -> list[Movement]:
    """How the money of an order moved, oldest first: give the numbers of the order and of its lines."""
    wanted = list(references)
    return _movements(Transfer.objects.filter(Q(order_number__in=wanted) | Q(reference__in=wanted)))


def movements_of_orders(numbers: Iterable[str]) -> list[Movement]:
    """Every movement of money that was paid for these orders, oldest first; the index by order number serves it."""
    return _movements(Transfer.objects.filter(order_number__in=list(numbers)))


def _movements(sought: Iterable[Transfer]) -> list[Movement]:
    sides = Entry.objects.filter(transfer__in=sought).select_related("transfer", "account__user", "account__seller")
    pairs: dict[int, dict[bool, Entry]] = {}
    for side in sides.order_by("transfer_id", "pk"):
        pairs.setdefault(side.transfer_id, {})[side.amount_minor > 0] = side
    return [
        Movement(pair[True].transfer, pair[False].account, pair[True].account, _amount(pair[True]))
        for pair in pairs.values()
    ]


class TransferFilter(Struct, frozen=True, kw_only=True):
    """What an operator asks the books for; empty means all."""

    reference: str = ""
    """A whole reference or order number, so that indexes serve it."""
    reason: str = ""


def transfers(asked: TransferFilter, *, after: str = "", size: int = 25) -> Page[Movement]:
    """All movements of money, newest first."""
    rows = Transfer.objects.all()
    if asked.reason:
        rows = rows.filter(reason=asked.reason)
    if asked.reference:
        rows = rows.filter(Q(reference=asked.reference) | Q(order_number=asked.reference))
    found = page(rows, after=after, size=size)
    return Page(_movements(found.rows)[::-1], found.next_key)


def find_account(pk: int) -> Account | None:
    return Account.objects.select_related("user", "seller").filter(pk=pk).first()


def movements_of_account(account: Account, *, after: str = "", size: int = 25) -> Page[Movement]:
    """What moved on one account, newest first."""
    return _of_entries(Entry.objects.filter(account=account), after, size)


def movements_of_kind(kind: Account.Kind, currency: str, *, after: str = "", size: int = 25) -> Page[Movement]:
    """What moved on all accounts of buyers, or of sellers, newest first: nearly each transfer is one, so that the newest
    entries are enough."""
    return _of_entries(Entry.objects.filter(account__kind=kind, account__currency=currency), after, size)


def _of_entries(entries: QuerySet[Entry], after: str, size: int) -> Page[Movement]:
    found = page(entries.only("pk", "transfer_id"), after=after, size=size)
    moved = _movements(Transfer.objects.filter(pk__in={entry.transfer_id for entry in found.rows}))
    return Page(moved[::-1], found.next_key)


def _amount(side: Entry) -> Money:
    return Money(side.amount_minor, side.account.currency)


def is_booked(bank_number: str) -> bool:
    """Whether money with this number of a bank came already, wherever it went."""
    return Transfer.objects.filter(reason=Transfer.Reason.TOP_UP, reference=bank_number).exists()


def top_up_of(reference: str) -> tuple[int | None, Money] | None:
    """Who got how much with this bank reference, so that a page can say so before it asks for a confirmation."""
    booked = Entry.objects.select_related("account").filter(
        transfer__reason=Transfer.Reason.TOP_UP, transfer__reference=reference, account__kind=Account.Kind.BUYER
    )
    entry = booked.first()
    return (entry.account.user_id, Money(entry.amount_minor, entry.account.currency)) if entry else None
