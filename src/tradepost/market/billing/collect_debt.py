"""Collect debts for usage from the balance, oldest charge first: on each charge, and when money arrives.

Afterwards a buyer has either a zero balance or no debt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef
from msgspec import Struct

from tradepost.market.base import outbox, rows, work
from tradepost.market.identity.models import User
from tradepost.market.orders.events import LineReduced, OrderRefunded, OrderReturned, RefundPaid
from tradepost.market.orders.models import Order
from tradepost.market.orders.refund_models import Refund
from tradepost.market.payments import debts
from tradepost.market.payments.book_many import accounts_of_buyers
from tradepost.market.payments.correction_models import Correction
from tradepost.market.payments.debts import UsageDebt
from tradepost.market.payments.events import BookingCorrected, ToppedUp, WithdrawalMoved
from tradepost.market.payments.models import Account, Entry
from tradepost.market.payments.withdrawal_models import Withdrawal

from .events import DebtChanged
from .models import Allocation, Charge
from .usage_months import Payment, add_payments

BATCH_SIZE = 5_000
"""Charges read at once; old debts can have more."""


class Debtor(Struct, frozen=True):
    """``account``: locked balance account in the given currency."""

    user: int
    account: Account


def lock_all(buyers: Sequence[tuple[int, str]]) -> list[Debtor]:
    """Lock the accounts of these buyers and currencies by primary key until the transaction ends."""
    by_currency: defaultdict[str, set[int]] = defaultdict(set)
    for user, currency in buyers:
        by_currency[currency].add(user)
    users_by_account = {
        account.pk: user
        for currency, users in sorted(by_currency.items())
        for user, account in accounts_of_buyers(Account.Kind.BUYER, users, currency).items()
    }
    accounts = Account.objects.select_for_update(of=("self",)).filter(pk__in=users_by_account).order_by("pk")
    return [Debtor(users_by_account[account.pk], account) for account in accounts]


def collect(user: User, currency: str, *, now: datetime) -> int:
    """Collect a buyer's debt and return the paid minor units."""
    if not Charge.objects.filter(buyer=user, currency=currency, open_minor__gt=0).exists():
        return 0
    with transaction.atomic():
        return collect_locked(lock_all([(user.pk, currency)]), currency, now=now)


def collect_locked(debtors: Sequence[Debtor], currency: str, *, now: datetime) -> int:
    """Collect the debts of many buyers of one currency in few statements; their accounts are locked. Publishes
    ``DebtChanged``, which begins or ends arrears."""
    accounts = Account.objects.filter(pk__in=[debtor.account.pk for debtor in debtors])
    balances = dict(accounts.values_list("user_id", "balance_minor"))
    before = dict(balances)
    while _collect_some(balances, currency, now):
        pass
    owing = Charge.objects.filter(buyer=OuterRef("pk"), currency=currency, open_minor__gt=0)
    owe = set(User.objects.filter(Exists(owing), pk__in=before).values_list("pk", flat=True))
    changed_users = [
        debtor.user for debtor in debtors if debtor.user in owe or balances[debtor.user] != before[debtor.user]
    ]
    outbox.publish_all([DebtChanged(buyer=user, currency=currency) for user in changed_users], now=now)
    if changed_users:
        work.wake()
    return sum(before.values()) - sum(balances.values())


def _collect_some(balances: dict[int, int], currency: str, now: datetime) -> bool:
    """Pay the oldest charges of buyers with a balance, by one transfer per buyer and seller. Return False if nothing
    remains to collect."""
    paying = [user for user, balance in balances.items() if balance > 0]
    owed_charges = Charge.objects.filter(buyer__in=paying, currency=currency, open_minor__gt=0).order_by("pk")
    columns = owed_charges.values_list(
        "pk", "buyer_id", "seller_id", "open_minor", "subscription_id", "accumulation__start"
    )  # fmt: skip
    parts: defaultdict[tuple[int, int], list[_Part]] = defaultdict(list)
    for charge, buyer, seller, open_minor, service, start in columns[:BATCH_SIZE] if paying else ():
        if part := min(balances[buyer], open_minor):
            balances[buyer] -= part
            parts[buyer, seller].append(_Part(charge, open_minor, part, service, start))
    if not parts:
        return False
    dues = [
        # The open amount only decreases, so this reference is unique.
        UsageDebt(
            user=buyer,
            seller=seller,
            minor=sum(charge_part.minor for charge_part in charge_parts),
            reference=f"{charge_parts[0].charge}/{charge_parts[0].open_minor}",
        )
        for (buyer, seller), charge_parts in sorted(parts.items())
    ]
    booked_transfers = debts.collect_all(dues, currency, now=now)
    paid_parts = [
        (transfer, charge_part)
        for transfer, (_of, charge_parts) in zip(booked_transfers, sorted(parts.items()), strict=True)
        for charge_part in charge_parts
    ]
    rows.update(
        "billing_charge", {"open_minor": "bigint"},
        [
            {"id": charge_part.charge, "open_minor": charge_part.open_minor - charge_part.minor}
            for _transfer, charge_part in paid_parts
        ],
    )  # fmt: skip
    rows.create(
        Allocation(charge_id=charge_part.charge, transfer=transfer, minor=charge_part.minor)
        for transfer, charge_part in paid_parts
    )
    add_payments(_payments(parts, currency))
    return True


def _payments(parts: Mapping[tuple[int, int], Sequence[_Part]], currency: str) -> Iterator[Payment]:
    for (buyer, seller), charge_parts in parts.items():
        for part in charge_parts:
            yield Payment(
                subscription=part.subscription, start=part.start, buyer=buyer, seller=seller, currency=currency, minor=part.minor
            )  # fmt: skip


class _Part(NamedTuple):
    """Payment of part of a charge."""

    charge: int
    open_minor: int
    minor: int
    subscription: int
    start: datetime


# --- incoming money ---


def on_topped_up(event: ToppedUp, now: datetime) -> None:
    """Reaction: money arrived from outside."""
    entries = Entry.objects.filter(transfer=event.transfer, account__kind=Account.Kind.BUYER).select_related(
        "account__user"
    )
    for entry in entries:
        if entry.account.user is not None:
            collect(entry.account.user, entry.account.currency, now=now)


def on_booking_corrected(event: BookingCorrected, now: datetime) -> None:
    """Reaction: a correction may increase a balance."""
    correction = Correction.objects.select_related("account__user").get(pk=event.correction)
    if correction.account.kind == Account.Kind.BUYER and correction.account.user is not None:
        collect(correction.account.user, correction.account.currency, now=now)


def on_withdrawal_moved(event: WithdrawalMoved, now: datetime) -> None:
    """Reaction: the money of a withdrawal may have returned to the balance."""
    withdrawal = Withdrawal.objects.select_related("user").get(pk=event.withdrawal)
    if event.status in {Withdrawal.Status.REJECTED, Withdrawal.Status.WITHDRAWN, Withdrawal.Status.RETURNED}:
        collect(withdrawal.user, withdrawal.currency, now=now)


def on_refund_paid(event: RefundPaid, now: datetime) -> None:
    """Reaction: a service was refunded."""
    refund = Refund.objects.select_related("buyer").get(pk=event.refund)
    collect(refund.buyer, refund.currency, now=now)


def on_order_refunded(event: OrderRefunded | OrderReturned | LineReduced, now: datetime) -> None:
    """Reaction: an order was refunded."""
    order = Order.objects.select_related("buyer").filter(number=event.order).first()
    if order is not None:
        collect(order.buyer, order.currency, now=now)
