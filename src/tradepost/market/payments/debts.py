"""Money of usage: owed when it is charged, paid from the balance as far as that reaches, given back as a credit.

Charge: DEBT − x, UNCOLLECTED + x. Collect: BUYER − y, DEBT + y, UNCOLLECTED − y, SELLER + y. What a buyer owes is at any time
what sellers wait for (``ledger.verify``). Who calls holds the buyer's account (``ledger.lock_buyer``).
"""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller, User

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


def owe(user: User, seller: Seller, amount: Money, *, reference: str, now: datetime) -> Transfer:
    """The buyer owes so much more for what it used of this seller."""
    _more_than_nothing(amount)
    return book(
        [(debt_account(user, amount.currency), -amount.minor), (uncollected_account(seller, amount.currency), amount.minor)],
        _transfer(Transfer.Reason.CHARGED, reference, now),
    )  # fmt: skip


def collect(user: User, seller: Seller, amount: Money, *, reference: str, now: datetime) -> Transfer:
    """A part of what is owed is paid from the balance, and is the seller's. Raises ``Overdrawn`` beyond the balance."""
    _more_than_nothing(amount)
    return book(
        [
            (debt_account(user, amount.currency), amount.minor),
            (uncollected_account(seller, amount.currency), -amount.minor),
            # Last, since lists of movements say between which two accounts a transfer went by these.
            (buyer_account(user, amount.currency), -amount.minor),
            (seller_account(seller, amount.currency), amount.minor),
        ],
        _transfer(Transfer.Reason.COLLECTED, reference, now),
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
    _more_than_nothing(owed + paid)
    return book(changes, _transfer(Transfer.Reason.CREDITED, reference, now))


def _transfer(reason: Transfer.Reason, reference: str, now: datetime) -> Transfer:
    return Transfer(reason=reason, reference=reference, actor="market", at=now)


def _more_than_nothing(amount: Money) -> None:
    if amount.minor <= 0:
        raise ValueError("a transfer moves more than nothing")
