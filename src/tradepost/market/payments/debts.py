"""Debts for usage: owed on charge, paid from the balance as far as it covers them, and returned as a credit.

Charge: DEBT − x, UNCOLLECTED + x. Collect: BUYER − y, DEBT + y, UNCOLLECTED − y, SELLER + y. Buyers' debts always equal
the sellers' uncollected amounts (``ledger.verify``). Callers hold the buyer's account (``ledger.lock_buyer``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller, User

from .book_many import Booking, accounts_of_buyers, accounts_of_sellers, book_all
from .ledger import book, buyer_account, seller_account
from .models import Account, Transfer


def debt_account(user: User, currency: str) -> Account:
    return Account.objects.get_or_create(kind=Account.Kind.DEBT, user=user, currency=currency)[0]


def uncollected_account(seller: Seller, currency: str) -> Account:
    return Account.objects.get_or_create(kind=Account.Kind.UNCOLLECTED, seller=seller, currency=currency)[0]


def debt_of(user: User, currency: str) -> Money:
    """Return a buyer's debt for usage; it equals the open charges (``billing.queries.problems``)."""
    account = Account.objects.filter(kind=Account.Kind.DEBT, user=user, currency=currency).first()
    return Money(0, currency) if account is None else -account.balance


class UsageDebt(Struct, frozen=True, kw_only=True):
    """Debt of a buyer to a seller for usage, or a payment of it; ``minor`` is positive."""

    user: int
    seller: int
    minor: int
    reference: str


def book_debt(user: User, seller: Seller, amount: Money, *, reference: str, now: datetime) -> Transfer:
    """Book a new debt of the buyer to this seller."""
    [booked_transfer] = book_debts(
        [UsageDebt(user=user.pk, seller=seller.pk, minor=amount.minor, reference=reference)], amount.currency, now=now
    )
    return booked_transfer


def book_debts(dues: Sequence[UsageDebt], currency: str, *, now: datetime) -> list[Transfer]:
    """Book many debts, in few statements."""
    debts, waiting_accounts = _accounts(dues, currency)
    return book_all(
        [
            Booking(
                _transfer(Transfer.Reason.CHARGED, due.reference, now),
                [(debts[due.user], -due.minor), (waiting_accounts[due.seller], due.minor)],
            )
            for due in dues
        ]
    )


def collect(user: User, seller: Seller, amount: Money, *, reference: str, now: datetime) -> Transfer:
    """Pay part of a debt from the balance to the seller. Raises ``Overdrawn`` beyond the balance."""
    [booked_transfer] = collect_all(
        [UsageDebt(user=user.pk, seller=seller.pk, minor=amount.minor, reference=reference)], amount.currency, now=now
    )
    return booked_transfer


def collect_all(dues: Sequence[UsageDebt], currency: str, *, now: datetime) -> list[Transfer]:
    """Pay many debts, in few statements."""
    debts, waiting_accounts = _accounts(dues, currency)
    balances = accounts_of_buyers(Account.Kind.BUYER, {due.user for due in dues}, currency)
    earnings = accounts_of_sellers(Account.Kind.SELLER, {due.seller for due in dues}, currency)
    return book_all(
        [
            Booking(
                _transfer(Transfer.Reason.COLLECTED, due.reference, now),
                [
                    (debts[due.user], due.minor),
                    (waiting_accounts[due.seller], -due.minor),
                    # Last, because lists of movements derive source and target from these entries.
                    (balances[due.user], -due.minor),
                    (earnings[due.seller], due.minor),
                ],
            )
            for due in dues
        ]
    )


def _accounts(dues: Sequence[UsageDebt], currency: str) -> tuple[Mapping[int, Account], Mapping[int, Account]]:
    """Return the debt accounts of the buyers and the uncollected accounts of the sellers."""
    if any(due.minor <= 0 for due in dues):
        raise ValueError("a transfer moves more than nothing")
    return (
        accounts_of_buyers(Account.Kind.DEBT, {due.user for due in dues}, currency),
        accounts_of_sellers(Account.Kind.UNCOLLECTED, {due.seller for due in dues}, currency),
    )


def credit_usage(
    user: User, seller: Seller, *, owed: Money, paid: Money, reference: str, now: datetime
) -> Transfer:  # fmt: skip
    """Credit overcharged usage: ``owed`` reduces the debt, ``paid`` returns from the seller to the balance."""
    changes = []
    if owed.minor:
        changes += [
            (debt_account(user, owed.currency), owed.minor),
            (uncollected_account(seller, owed.currency), -owed.minor),
        ]
    if paid.minor:
        changes += [
            (seller_account(seller, paid.currency), -paid.minor),
            (buyer_account(user, paid.currency), paid.minor),
        ]
    if (owed + paid).minor <= 0:
        raise ValueError("a transfer moves more than nothing")
    return book(changes, _transfer(Transfer.Reason.CREDITED, reference, now))


def _transfer(reason: Transfer.Reason, reference: str, now: datetime) -> Transfer:
    return Transfer(reason=reason, reference=reference, actor="market", at=now)
