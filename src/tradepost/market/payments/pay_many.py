"""Pay many orders from their buyers' balances at once; batch interface of the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from msgspec import Struct

from tradepost.market.base import rows
from tradepost.market.base.money import Money
from tradepost.market.identity.models import User

from . import kept_sums, ledger
from .models import Account, Transfer


class Payment(Struct, frozen=True, kw_only=True):
    """Payment of an order from its buyer's balance."""

    user: User
    amount: Money
    order_number: str


def balances_of(users: Collection[User], currencies: Collection[str]) -> Counter[tuple[int, str]]:
    """Return committed balances by buyer and currency; concurrent payments may change them."""
    accounts = Account.objects.filter(kind=Account.Kind.BUYER, user__in=users, currency__in=currencies)
    return Counter(
        {
            (user or 0, currency): balance_minor
            for user, currency, balance_minor in accounts.values_list("user", "currency", "balance_minor")
        }
    )


def pay_all(payments: Sequence[Payment], *, now: datetime) -> list[Transfer]:
    """Pay these orders in sequence and in few statements, like ``ledger.pay``; the accounts are locked together.

    Raises ``Overdrawn`` if a balance is too low and then books nothing.
    """
    nonzero = [payment for payment in payments if payment.amount.minor]
    if not nonzero:
        return []
    with transaction.atomic():
        users, currencies = (
            {nonzero_payment.user.pk for nonzero_payment in nonzero},
            {nonzero_payment.amount.currency for nonzero_payment in nonzero},
        )
        locked_accounts = Account.objects.select_for_update().filter(
            kind=Account.Kind.BUYER, user__in=users, currency__in=currencies
        )
        accounts = {(account.user_id, account.currency): account for account in locked_accounts.order_by("pk")}
        clearing = {currency: ledger.market_account(Account.Kind.CLEARING, currency) for currency in sorted(currencies)}
        sides: list[tuple[Account, int]] = []
        for nonzero_payment in nonzero:
            account = accounts.get((nonzero_payment.user.pk, nonzero_payment.amount.currency))
            if account is None or account.balance_minor < nonzero_payment.amount.minor:
                raise ledger.Overdrawn
            account.balance_minor -= nonzero_payment.amount.minor
            sides.append((account, account.balance_minor))
        transfers = rows.create(
            Transfer(
                reason=Transfer.Reason.PAYMENT,
                reference=nonzero_payment.order_number,
                order_number=nonzero_payment.order_number,
                actor=nonzero_payment.user.email,
                at=now,
            )
            for nonzero_payment in nonzero
        )
        rows.create(
            side
            for nonzero_payment, transfer, (account, after) in zip(nonzero, transfers, sides, strict=True)
            for side in (
                ledger.entry(transfer, account, -nonzero_payment.amount.minor, after=after),
                ledger.entry(transfer, clearing[nonzero_payment.amount.currency], nonzero_payment.amount.minor),
            )
        )
        changed_balances = sorted({account.pk: account.balance_minor for account, _ in sides}.items())
        rows.update(
            "payments_account",
            {"balance_minor": "bigint"},
            ({"id": pk, "balance_minor": balance_minor} for pk, balance_minor in changed_balances),
        )
        kept_sums.after_booking(transfers)
    return transfers
