"""Book many transfers at once; batch interface of the ledger."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from django.db import transaction
from msgspec import Struct

from tradepost.market.base import rows

from . import kept_sums
from .ledger import Overdrawn, entry, is_overdrawn
from .models import Account, Transfer


class Booking(Struct, frozen=True):
    """An unsaved transfer and its changes, which sum to zero."""

    transfer: Transfer
    changes: Sequence[tuple[Account, int]]


def book_all(bookings: Sequence[Booking]) -> list[Transfer]:
    """Book these transfers in order and in few statements, like ``ledger.book``. Locks the buyers' accounts by primary
    key.

    Raises ``Overdrawn`` and then books nothing.
    """
    for booking in bookings:
        currencies = {account.currency for account, _change in booking.changes}
        if len(currencies) != 1 or sum(change for _account, change in booking.changes) != 0:
            raise ValueError("a transfer stays in one currency and sums to zero")
    if not bookings:
        return []
    with transaction.atomic():
        balances = _locked(
            {account.pk for booking in bookings for account, _change in booking.changes if _stores_balance(account)}
        )
        before = dict(balances)
        sides: list[tuple[int, Account, int, int | None]] = []
        for number, booking in enumerate(bookings):
            for account, change in booking.changes:
                after = None
                if _stores_balance(account):
                    after = balances[account.pk] = balances[account.pk] + change
                    if is_overdrawn(after, change):
                        raise Overdrawn
                sides.append((number, account, change, after))
        transfers = rows.create(booking.transfer for booking in bookings)
        rows.create(entry(transfers[number], account, change, after=after) for number, account, change, after in sides)
        changed_rows = [
            {"id": pk, "balance_minor": new_balance}
            for pk, new_balance in sorted(balances.items())
            if new_balance != before[pk]
        ]
        rows.update("payments_account", {"balance_minor": "bigint"}, changed_rows)
        kept_sums.after_booking(transfers)
    return transfers


def _stores_balance(account: Account) -> bool:
    """Return whether the account stores its balance."""
    return account.kind == Account.Kind.BUYER


def _locked(accounts: Collection[int]) -> dict[int, int]:
    if not accounts:
        return {}
    locked_accounts = Account.objects.select_for_update(of=("self",)).filter(pk__in=accounts).order_by("pk")
    return dict(locked_accounts.values_list("pk", "balance_minor"))


def accounts_of_buyers(kind: Account.Kind, users: Collection[int], currency: str) -> Mapping[int, Account]:
    """Return the accounts by buyer key; missing accounts are created."""
    return _accounts(kind, "user_id", users, currency)


def accounts_of_sellers(kind: Account.Kind, sellers: Collection[int], currency: str) -> Mapping[int, Account]:
    """Return the accounts by seller key; missing accounts are created."""
    return _accounts(kind, "seller_id", sellers, currency)


def _accounts(kind: Account.Kind, owner: str, owners: Collection[int], currency: str) -> dict[int, Account]:
    existing = Account.objects.filter(kind=kind, currency=currency, **{f"{owner}__in": owners})
    by_owner = {getattr(account, owner): account for account in existing}
    if missing_owners := sorted(set(owners) - by_owner.keys()):
        # A fixed order makes concurrent creators wait for each other; accounts created meanwhile are kept.
        Account.objects.bulk_create(
            [Account(kind=kind, currency=currency, **{owner: pk}) for pk in missing_owners], ignore_conflicts=True
        )
        by_owner = {getattr(account, owner): account for account in existing.all()}
    return by_owner
