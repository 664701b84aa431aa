"""Money of usage: owed when it is charged, paid from the balance as far as that reaches, given back as a credit.

Charge: DEBT − x, UNCOLLECTED + x. Collect: BUYER − y, DEBT + y, UNCOLLECTED − y, SELLER + y. What a buyer owes is at any time
what sellers wait for (``ledger.verify``). Who calls holds the buyer's account (``ledger.lock_buyer``).
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


def owed(user: User, currency: str) -> Money:
    """What a buyer owes for usage; it is what open charges say (``billing.queries.problems``)."""
    account = Account.objects.filter(kind=Account.Kind.DEBT, user=user, currency=currency).first()
    return Money(0, currency) if account is None else -account.balance


class Due(Struct, frozen=True, kw_only=True):
    """What a buyer owes a seller for usage, or pays of it; ``minor`` above zero."""

    user: int
    seller: int
    minor: int
    reference: str


def owe(user: User, seller: Seller, amount: Money, *, reference: str, now: datetime) -> Transfer:
    """The buyer owes so much more for what it used of this seller."""
    [booked] = owe_all(
        [Due(user=user.pk, seller=seller.pk, minor=amount.minor, reference=reference)], amount.currency, now=now
    )
    return booked


def owe_all(dues: Sequence[Due], currency: str, *, now: datetime) -> list[Transfer]:
    """The same of many, in few statements."""
    debts, waiting = _accounts(dues, currency)
    return book_all(
        [
            Booking(
                _transfer(Transfer.Reason.CHARGED, due.reference, now),
                [(debts[due.user], -due.minor), (waiting[due.seller], due.minor)],
            )
            for due in dues
        ]
    )


def collect(user: User, seller: Seller, amount: Money, *, reference: str, now: datetime) -> Transfer:
    """A part of what is owed is paid from the balance, and is the seller's. Raises ``Overdrawn`` beyond the balance."""
    [booked] = collect_all(
        [Due(user=user.pk, seller=seller.pk, minor=amount.minor, reference=reference)], amount.currency, now=now
    )
    return booked


def collect_all(dues: Sequence[Due], currency: str, *, now: datetime) -> list[Transfer]:
    """The same of many, in few statements."""
    debts, waiting = _accounts(dues, currency)
    balances = accounts_of_buyers(Account.Kind.BUYER, {due.user for due in dues}, currency)
    earned = accounts_of_sellers(Account.Kind.SELLER, {due.seller for due in dues}, currency)
    return book_all(
        [
            Booking(
                _transfer(Transfer.Reason.COLLECTED, due.reference, now),
                [
                    (debts[due.user], due.minor),
                    (waiting[due.seller], -due.minor),
                    # Last, since lists of movements say between which two accounts a transfer went by these.
                    (balances[due.user], -due.minor),
                    (earned[due.seller], due.minor),
                ],
            )
            for due in dues
        ]
    )


def _accounts(dues: Sequence[Due], currency: str) -> tuple[Mapping[int, Account], Mapping[int, Account]]:
    """What these buyers owe, and what these sellers wait for."""
    if any(due.minor <= 0 for due in dues):
        raise ValueError("a transfer moves more than nothing")
    return (
        accounts_of_buyers(Account.Kind.DEBT, {due.user for due in dues}, currency),
        accounts_of_sellers(Account.Kind.UNCOLLECTED, {due.seller for due in dues}, currency),
    )


def credit(
    user: User, seller: Seller, *, owed: Money, paid: Money, reference: str, now: datetime
) -> Transfer:  # fmt: skip
    """Less was used than was charged: ``owed`` of it was not collected yet, ``paid`` goes from the seller back to the balance."""
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
