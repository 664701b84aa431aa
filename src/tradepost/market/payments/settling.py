"""Bookings of statements: settle an approved statement into the market's fee and the seller's payout, then pay it out
(business-rules §8.1).

Settle: SELLER − gross, FEE + fee, PAYABLE + net. Pay out: PAYABLE − net, CASH + net. Call it under the lock of the
statement.
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
    """Book a statement; ``reference``: its number. Raises ``ValueError`` if no payout remains."""
    net = gross - fee
    if net.minor <= 0:
        raise ValueError("a statement pays something out")
    changes = [
        (market_account(Account.Kind.FEE, gross.currency), fee.minor),
        # Last, because lists of movements derive source and target from these entries.
        (seller_account(seller, gross.currency), -gross.minor),
        (payable_account(seller, gross.currency), net.minor),
    ]
    return book(
        [(account, change) for account, change in changes if change],
        Transfer(reason=Transfer.Reason.SETTLED, reference=reference, actor=actor, at=now),
    )


def pay_out(seller: Seller, amount: Money, *, reference: str, actor: str, now: datetime, note: str = "") -> Transfer:
    """Book a payment by the market's bank. ``reference``: the bank's number of the transfer, which is booked once."""
    if amount.minor <= 0:
        raise ValueError("a transfer moves more than nothing")
    return book(
        [
            (payable_account(seller, amount.currency), -amount.minor),
            (market_account(Account.Kind.CASH, amount.currency), amount.minor),
        ],
        Transfer(reason=Transfer.Reason.PAID_OUT, reference=reference, note=note, actor=actor, at=now),
    )
