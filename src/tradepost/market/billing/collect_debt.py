"""Collect what is owed for usage from the balance, the oldest charge first: when it is charged, and whenever money comes.

Of a buyer either the balance is zero or nothing is owed, once this ran.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db import transaction

from tradepost.market.base import outbox, rows
from tradepost.market.base.money import Money
from tradepost.market.identity.models import User
from tradepost.market.orders.events import LineReduced, OrderRefunded, OrderReturned, RefundPaid
from tradepost.market.orders.models import Order
from tradepost.market.orders.refund_models import Refund
from tradepost.market.payments import debts, ledger
from tradepost.market.payments.events import ToppedUp
from tradepost.market.payments.models import Account, Entry

from .events import DebtChanged
from .models import Allocation, Charge

BATCH = 500
"""Charges that are looked at together; a debt of many years has more."""


def lock_all(buyers: Sequence[tuple[User, str]]) -> Iterator[tuple[Account, tuple[User, str]]]:
    """Their accounts, locked by primary key until the transaction ends."""
    made = {ledger.buyer_account(user, currency).pk: (user, currency) for user, currency in buyers}
    held = Account.objects.select_for_update(of=("self",)).filter(pk__in=made).order_by("pk")
    return ((account, made[account.pk]) for account in list(held))


def collect(user: User, currency: str, *, now: datetime) -> int:
    """Gives how many minor units were paid."""
    if not Charge.objects.filter(buyer=user, currency=currency, open_minor__gt=0).exists():
        return 0
    with transaction.atomic():
        [(account, _buyer)] = lock_all([(user, currency)])
        return collect_locked(account, user, currency, now=now)


def collect_locked(account: Account, user: User, currency: str, *, now: datetime) -> int:
    """The same, holding the account. Whether arrears begin or end is looked at behind it."""
    paid = 0
    balance = Account.objects.values_list("balance_minor", flat=True).get(pk=account.pk)
    while balance > paid and (taken := _collect_some(user, currency, balance - paid, now)):
        paid += taken
    if paid or _owes(user, currency):
        outbox.publish(DebtChanged(buyer=user.pk, currency=currency), now=now)
    return paid


def _owes(user: User, currency: str) -> bool:
    return Charge.objects.filter(buyer=user, currency=currency, open_minor__gt=0).exists()


def _collect_some(user: User, currency: str, balance: int, now: datetime) -> int:
    """Of the oldest charges, a transfer for each seller."""
    parts: defaultdict[int, list[tuple[Charge, int]]] = defaultdict(list)
    left = balance
    owed = Charge.objects.filter(buyer=user, currency=currency, open_minor__gt=0).select_related("seller")
    for one in owed.order_by("pk")[:BATCH]:
        part = min(left, one.open_minor)
        if not part:
            break
        left -= part
        parts[one.seller_id].append((one, part))
    for _seller, mine in sorted(parts.items()):
        first = mine[0][0]
        amount = Money(sum(part for _charge, part in mine), currency)
        # What is open of a charge only grows less: so this is never the same twice.
        booked = debts.collect(user, first.seller, amount, reference=f"{first.pk}/{first.open_minor}", now=now)
        rows.update(
            "billing_charge", {"open_minor": "bigint"},
            [{"id": one.pk, "open_minor": one.open_minor - part} for one, part in mine],
        )  # fmt: skip
        Allocation.objects.bulk_create(Allocation(charge=one, transfer=booked, minor=part) for one, part in mine)
    return balance - left


# --- when money comes -------------------------------------------------------------------------------------------------


def on_topped_up(event: ToppedUp, now: datetime) -> None:
    """From outside."""
    entries = Entry.objects.filter(transfer=event.transfer, account__kind=Account.Kind.BUYER).select_related(
        "account__user"
    )
    for entry in entries:
        if entry.account.user is not None:
            collect(entry.account.user, entry.account.currency, now=now)


def on_refund_paid(event: RefundPaid, now: datetime) -> None:
    """Back from a service."""
    refund = Refund.objects.select_related("buyer").get(pk=event.refund)
    collect(refund.buyer, refund.currency, now=now)


def on_order_refunded(event: OrderRefunded | OrderReturned | LineReduced, now: datetime) -> None:
    """Back from an order."""
    order = Order.objects.select_related("buyer").filter(number=event.order).first()
    if order is not None:
        collect(order.buyer, order.currency, now=now)
