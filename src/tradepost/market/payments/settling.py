"""Money of statements: what a seller agreed to leaves what it is owed, in part as the market's fee, the rest to be paid out; and
then it is paid out (business-rules §8.1).

Settle: SELLER − gross, FEE + fee, PAYABLE + net. Pay out: PAYABLE − net, CASH + net. Ask under the lock of the statement.
"""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller

from .ledger import book, market_account, seller_account
from .models import Account, Transfer


def payable_account(seller: Seller, currency: str) -> Account:
    return Account.objects.get_or_create(kind=Account.Kind.PAYABLE, seller=seller, currency=currency)[0]


def settle(seller: Seller, *, gross: Money, fee: Money, reference: str, actor: str, now: datetime) -> Transfer:
    """Book a statement; ``reference`` is its number. Raises ``ValueError`` where nothing is left to be paid out."""
    net = gross - fee
    if net.minor <= 0:
        raise ValueError("a statement pays something out")
    changes = [
        (market_account(Account.Kind.FEE, gross.currency), fee.minor),
        # Last, since lists of movements say between which two accounts a transfer went by these.
        (seller_account(seller, gross.currency), -gross.minor),
        (payable_account(seller, gross.currency), net.minor),
    ]
    return book(
        [(account, change) for account, change in changes if change],
        Transfer(reason=Transfer.Reason.SETTLED, reference=reference, actor=actor, at=now),
    )


def pay_out(seller: Seller, amount: Money, *, reference: str, actor: str, now: datetime, note: str = "") -> Transfer:
    """The market's bank paid it. ``reference``: the bank's number of the transfer, which is booked once."""
    if amount.minor <= 0:
        raise ValueError("a transfer moves more than nothing")
    return book(
        [
            (payable_account(seller, amount.currency), -amount.minor),
            (market_account(Account.Kind.CASH, amount.currency), amount.minor),
        ],
        Transfer(reason=Transfer.Reason.PAID_OUT, reference=reference, note=note, actor=actor, at=now),
    )
