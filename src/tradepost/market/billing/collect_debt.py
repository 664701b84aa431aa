"""Collect what is owed for usage from the balance, the oldest charge first: when it is charged, and whenever money comes.

Of a buyer either the balance is zero or nothing is owed, once this ran.
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
from tradepost.market.payments.debts import Due
from tradepost.market.payments.events import ToppedUp
from tradepost.market.payments.models import Account, Entry

from .events import DebtChanged
from .models import Allocation, Charge
from .usage_months import Payment, add_payments

BATCH = 5_000
"""Charges that are looked at together; debts of many years have more."""


class Debtor(Struct, frozen=True):
    """``account``: of its balance, in the currency that is meant, locked."""

    user: int
    account: Account


def lock_all(buyers: Sequence[tuple[int, str]]) -> list[Debtor]:
    """Buyers with their currencies: their accounts, locked by primary key until the transaction ends."""
    by_currency: defaultdict[str, set[int]] = defaultdict(set)
    for user, currency in buyers:
        by_currency[currency].add(user)
    made = {
        account.pk: user
        for currency, users in sorted(by_currency.items())
        for user, account in accounts_of_buyers(Account.Kind.BUYER, users, currency).items()
    }
    held = Account.objects.select_for_update(of=("self",)).filter(pk__in=made).order_by("pk")
    return [Debtor(made[account.pk], account) for account in held]


def collect(user: User, currency: str, *, now: datetime) -> int:
    """Gives how many minor units were paid."""
    if not Charge.objects.filter(buyer=user, currency=currency, open_minor__gt=0).exists():
        return 0
    with transaction.atomic():
        return collect_locked(lock_all([(user.pk, currency)]), currency, now=now)


def collect_locked(debtors: Sequence[Debtor], currency: str, *, now: datetime) -> int:
    """The same of many in few statements, holding their accounts, which are of this currency. Whether arrears begin or end is
    looked at behind it."""
    accounts = Account.objects.filter(pk__in=[one.account.pk for one in debtors])
    balances = dict(accounts.values_list("user_id", "balance_minor"))
    before = dict(balances)
    while _collect_some(balances, currency, now):
        pass
    owing = Charge.objects.filter(buyer=OuterRef("pk"), currency=currency, open_minor__gt=0)
    owe = set(User.objects.filter(Exists(owing), pk__in=before).values_list("pk", flat=True))
    changed = [one.user for one in debtors if one.user in owe or balances[one.user] != before[one.user]]
    outbox.publish_all([DebtChanged(buyer=user, currency=currency) for user in changed], now=now)
    if changed:
        work.wake()
    return sum(before.values()) - sum(balances.values())


def _collect_some(balances: dict[int, int], currency: str, now: datetime) -> bool:
    """Of the oldest charges of those who have something left, a transfer for each buyer and seller. False when there is no
    more to collect."""
    paying = [user for user, balance in balances.items() if balance > 0]
    owed = Charge.objects.filter(buyer__in=paying, currency=currency, open_minor__gt=0).order_by("pk")
    columns = owed.values_list(
        "pk", "buyer_id", "seller_id", "open_minor", "subscription_id", "accumulation__start"
    )  # fmt: skip
    parts: defaultdict[tuple[int, int], list[_Part]] = defaultdict(list)
    for charge, buyer, seller, open_minor, service, start in columns[:BATCH] if paying else ():
        if part := min(balances[buyer], open_minor):
            balances[buyer] -= part
            parts[buyer, seller].append(_Part(charge, open_minor, part, service, start))
    if not parts:
        return False
    dues = [
        # What is open of a charge only grows less: so this is never the same twice.
        Due(
            user=buyer,
            seller=seller,
            minor=sum(one.minor for one in mine),
            reference=f"{mine[0].charge}/{mine[0].open_minor}",
        )
        for (buyer, seller), mine in sorted(parts.items())
    ]
    booked = debts.collect_all(dues, currency, now=now)
    paid = [
        (transfer, one) for transfer, (_of, mine) in zip(booked, sorted(parts.items()), strict=True) for one in mine
    ]
    rows.update(
        "billing_charge", {"open_minor": "bigint"},
        [{"id": one.charge, "open_minor": one.open_minor - one.minor} for _transfer, one in paid],
    )  # fmt: skip
    rows.create(Allocation(charge_id=one.charge, transfer=transfer, minor=one.minor) for transfer, one in paid)
    add_payments(_payments(parts, currency))
    return True


def _payments(parts: Mapping[tuple[int, int], Sequence[_Part]], currency: str) -> Iterator[Payment]:
    for (buyer, seller), mine in parts.items():
        for one in mine:
            yield Payment(
                subscription=one.subscription, start=one.start, buyer=buyer, seller=seller, currency=currency, minor=one.minor
            )  # fmt: skip


class _Part(NamedTuple):
    """What is paid of a charge."""

    charge: int
    open_minor: int
    minor: int
    subscription: int
    start: datetime


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
