"""The invariants of the ledger, looked at over all of it: ``ledger.verify``."""

from __future__ import annotations

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce
from msgspec import Struct

from . import arrivals
from .models import Account, Entry, KindTotal, Transfer


class Balance(Struct, frozen=True):
    """Result of checking the whole ledger. ``problems`` is empty when every invariant holds."""

    accounts: int
    transfers: int
    problems: tuple[str, ...]


MAY_OWE = (Account.Kind.CASH, Account.Kind.SELLER, Account.Kind.DEBT)
"""A seller may owe: what was refunded after it was paid out. A debt is nothing else."""


def _of_orders() -> list[str]:
    """What orders gave whom, against what they had from them."""
    entries = Entry.objects.exclude(transfer__order_number="").values_list("transfer__order_number", "account")
    sellers = entries.filter(account__kind=Account.Kind.SELLER).annotate(total=Sum("amount_minor"))
    buyers = entries.filter(account__kind=Account.Kind.BUYER).annotate(total=Sum("amount_minor"))
    return [
        *(
            f"order {order} took {-total} more from account {account} than it had earned"
            for order, account, total in sellers.filter(total__lt=0)
        ),
        *(
            f"order {order} gave account {account} {total} more than it had paid"
            for order, account, total in buyers.filter(total__gt=0)
        ),
    ]


def _kinds_otherwise() -> list[str]:
    """Totals of kinds that are not the sum of their entries."""
    problems = []
    for total in KindTotal.objects.order_by("kind", "currency"):
        early = Entry.objects.filter(
            account__kind=total.kind, account__currency=total.currency, pk__lte=total.summed_through
        ).aggregate(found=Coalesce(Sum("amount_minor"), 0))["found"]
        if early != total.summed_minor:
            problems.append(
                f"all {total.kind} {total.currency} are kept as {total.summed_minor}, their entries say {early}"
            )
    return problems


def _debts_otherwise() -> list[str]:
    """What buyers owe is what sellers wait for, to the smallest coin."""
    waiting = Entry.objects.filter(account__kind__in=[Account.Kind.DEBT, Account.Kind.UNCOLLECTED])
    sums = waiting.values_list("account__currency").annotate(total=Sum("amount_minor")).exclude(total=0)
    return [f"debts and what sellers wait for differ by {total} {currency}" for currency, total in sums]


def verify() -> Balance:
    """Check the invariants: each transfer and each currency sums to zero, a buyer's balance is the sum of its entries, so
    are the kept sums of the other accounts and of each kind, neither a buyer nor what is held is below zero, no order gave more than was paid
    for it, none took more from a seller than it had earned, or gave a buyer more than it had cost, and what came from outside
    is booked as the bank's facts say."""
    problems = [
        f"transfer {row['transfer']} sums to {row['total']}"
        for row in Entry.objects.values("transfer").annotate(total=Sum("amount_minor")).exclude(total=0)
    ]
    in_sum = Q(entries__pk__lte=F("summed_through"))
    accounts = Account.objects.annotate(
        total=Coalesce(Sum("entries__amount_minor"), 0), early=Coalesce(Sum("entries__amount_minor", filter=in_sum), 0)
    )
    for account in accounts:
        total, kept, summed = account.total, account.balance_minor, account.summed_minor
        buys = account.kind == Account.Kind.BUYER
        if kept != (total if buys else 0):
            problems.append(f"account {account.pk} ({account.kind}) says {kept}, its entries {total}")
        if summed != (0 if buys else account.early):
            problems.append(
                f"account {account.pk} ({account.kind}) keeps the sum {summed} up to entry {account.summed_through},"
                f" its entries say {account.early}"
            )
        if (total < 0 and account.kind not in MAY_OWE) or (total > 0 and account.kind == Account.Kind.DEBT):
            problems.append(f"account {account.pk} ({account.kind}) is at {total}")
    problems += _kinds_otherwise()
    held = Entry.objects.filter(account__kind=Account.Kind.CLEARING).values_list("transfer__order_number")
    problems += [
        f"order {order} gave {-total} more than was paid for it"
        for order, total in held.annotate(total=Sum("amount_minor")).filter(total__lt=0)
    ]
    problems += _of_orders()
    problems += _debts_otherwise()
    problems += arrivals.problems()
    problems += [
        f"all {row['account__currency']} entries sum to {row['total']}"
        for row in Entry.objects.values("account__currency").annotate(total=Sum("amount_minor")).exclude(total=0)
    ]
    return Balance(Account.objects.count(), Transfer.objects.count(), tuple(problems))
