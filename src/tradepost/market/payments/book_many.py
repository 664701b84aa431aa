"""Book many transfers at once: a part of the door to the ledger that is opened in batches."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from django.db import transaction
from msgspec import Struct

from tradepost.market.base import rows

from . import kept_sums
from .ledger import Overdrawn, entry
from .models import Account, Transfer


class Booking(Struct, frozen=True):
    """A transfer that is not stored yet, and what it changes; together nothing."""

    transfer: Transfer
    changes: Sequence[tuple[Account, int]]


def book_all(bookings: Sequence[Booking]) -> list[Transfer]:
    """The same as ``ledger.book`` for each, in their order and in few statements; buyers' accounts among them are locked
    together, by primary key.

    Raises ``Overdrawn``; nothing is booked then.
    """
    for one in bookings:
        currencies = {account.currency for account, _change in one.changes}
        if len(currencies) != 1 or sum(change for _account, change in one.changes) != 0:
            raise ValueError("a transfer stays in one currency and sums to zero")
    if not bookings:
        return []
    with transaction.atomic():
        balances = _locked({account.pk for one in bookings for account, _change in one.changes if _kept(account)})
        before = dict(balances)
        sides: list[tuple[int, Account, int, int | None]] = []
        for number, one in enumerate(bookings):
            for account, change in one.changes:
                after = None
                if _kept(account):
                    after = balances[account.pk] = balances[account.pk] + change
                    if after < 0:
                        raise Overdrawn
                sides.append((number, account, change, after))
        transfers = rows.create(one.transfer for one in bookings)
        rows.create(entry(transfers[number], account, change, after=after) for number, account, change, after in sides)
        moved = [{"id": pk, "balance_minor": left} for pk, left in sorted(balances.items()) if left != before[pk]]
        rows.update("payments_account", {"balance_minor": "bigint"}, moved)
        kept_sums.after(transfers)
    return transfers


def _kept(account: Account) -> bool:
    """Whether its balance stands beside it."""
    return account.kind == Account.Kind.BUYER


def _locked(accounts: Collection[int]) -> dict[int, int]:
    if not accounts:
        return {}
    held = Account.objects.select_for_update(of=("self",)).filter(pk__in=accounts).order_by("pk")
    return dict(held.values_list("pk", "balance_minor"))


def accounts_of_buyers(kind: Account.Kind, users: Collection[int], currency: str) -> Mapping[int, Account]:
    """By buyer; made where there are none yet."""
    return _accounts(kind, "user_id", users, currency)


def accounts_of_sellers(kind: Account.Kind, sellers: Collection[int], currency: str) -> Mapping[int, Account]:
    """By seller; made where there are none yet."""
    return _accounts(kind, "seller_id", sellers, currency)


def _accounts(kind: Account.Kind, owner: str, owners: Collection[int], currency: str) -> dict[int, Account]:
    asked = Account.objects.filter(kind=kind, currency=currency, **{f"{owner}__in": owners})
    found = {getattr(account, owner): account for account in asked}
    if missing := sorted(set(owners) - found.keys()):
        # In one order, so that two who make the same ones wait for each other; what another made meanwhile stays.
        Account.objects.bulk_create(
            [Account(kind=kind, currency=currency, **{owner: pk}) for pk in missing], ignore_conflicts=True
        )
        found = {getattr(account, owner): account for account in asked.all()}
    return found
