"""Pay many orders from their buyers' balances at once: a part of the door to the ledger that is opened in batches."""

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
    """The price of an order, from its buyer's balance."""

    user: User
    amount: Money
    order_number: str


def balances_of(users: Collection[User], currencies: Collection[str]) -> Counter[tuple[int, str]]:
    """What these buyers have, by buyer and currency, as it was last committed: others may be paying."""
    found = Account.objects.filter(kind=Account.Kind.BUYER, user__in=users, currency__in=currencies)
    return Counter({(user or 0, of): held for user, of, held in found.values_list("user", "currency", "balance_minor")})


def pay_all(payments: Sequence[Payment], *, now: datetime) -> list[Transfer]:
    """The same as ``ledger.pay`` for many orders, in their order and in few statements; their accounts are locked together.

    Raises ``Overdrawn`` when a balance does not reach; nothing is booked then.
    """
    moving = [one for one in payments if one.amount.minor]
    if not moving:
        return []
    with transaction.atomic():
        users, currencies = {one.user.pk for one in moving}, {one.amount.currency for one in moving}
        locked = Account.objects.select_for_update().filter(
            kind=Account.Kind.BUYER, user__in=users, currency__in=currencies
        )
        accounts = {(account.user_id, account.currency): account for account in locked.order_by("pk")}
        clearing = {currency: ledger.market_account(Account.Kind.CLEARING, currency) for currency in sorted(currencies)}
        sides: list[tuple[Account, int]] = []
        for one in moving:
            account = accounts.get((one.user.pk, one.amount.currency))
            if account is None or account.balance_minor < one.amount.minor:
                raise ledger.Overdrawn
            account.balance_minor -= one.amount.minor
            sides.append((account, account.balance_minor))
        transfers = rows.create(
            Transfer(
                reason=Transfer.Reason.PAYMENT,
                reference=one.order_number,
                order_number=one.order_number,
                actor=one.user.email,
                at=now,
            )
            for one in moving
        )
        rows.create(
            side
            for one, transfer, (account, after) in zip(moving, transfers, sides, strict=True)
            for side in (
                ledger.entry(transfer, account, -one.amount.minor, after=after),
                ledger.entry(transfer, clearing[one.amount.currency], one.amount.minor),
            )
        )
        changed = sorted({account.pk: account.balance_minor for account, _ in sides}.items())
        rows.update(
            "payments_account", {"balance_minor": "bigint"}, ({"id": pk, "balance_minor": left} for pk, left in changed)
        )
        kept_sums.after(transfers)
    return transfers
