"""Check the invariants of the whole ledger: ``ledger.verify``."""

from __future__ import annotations

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce
from msgspec import Struct

from . import arrivals, corrections_check, day_totals, withdrawals_check
from .models import Account, Entry, KindTotal, Transfer


class Balance(Struct, frozen=True):
    """Result of a check of the whole ledger. ``problems`` is empty if every invariant holds."""

    accounts: int
    transfers: int
    problems: tuple[str, ...]


KINDS_WITH_DEBT = (Account.Kind.CASH, Account.Kind.SELLER, Account.Kind.DEBT)
"""Accounts that may be negative. A seller's is, after a refund following the payout; a debt always is."""


def _order_problems() -> list[str]:
    """Compare what orders paid to sellers and buyers with what they received."""
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


def _kind_differences() -> list[str]:
    """Return totals of kinds that differ from their entries."""
    problems = []
    for total in KindTotal.objects.order_by("kind", "currency"):
        entry_sum = Entry.objects.filter(
            account__kind=total.kind, account__currency=total.currency, pk__lte=total.summed_through
        ).aggregate(found=Coalesce(Sum("amount_minor"), 0))["found"]
        if entry_sum != total.summed_minor:
            problems.append(
                f"all {total.kind} {total.currency} are kept as {total.summed_minor}, their entries say {entry_sum}"
            )
    return problems


def _debt_differences() -> list[str]:
    """Check that buyers' debts equal the sellers' uncollected amounts."""
    debt_entries = Entry.objects.filter(account__kind__in=[Account.Kind.DEBT, Account.Kind.UNCOLLECTED])
    sums = debt_entries.values_list("account__currency").annotate(total=Sum("amount_minor")).exclude(total=0)
    return [f"debts and what sellers wait for differ by {total} {currency}" for currency, total in sums]


def verify() -> Balance:
    """Check the invariants and return the problems.

    Transfers and currencies sum to zero. Stored balances, sums and totals equal their entries. Clearing is never
    negative, nor is a buyer's balance without a correction. No order pays more than it received, to sellers or buyers.
    Received money is booked as on the bank statement.
    """
    problems = [
        f"transfer {row['transfer']} sums to {row['total']}"
        for row in Entry.objects.values("transfer").annotate(total=Sum("amount_minor")).exclude(total=0)
    ]
    in_sum = Q(entries__pk__lte=F("summed_through"))
    accounts = Account.objects.annotate(
        total=Coalesce(Sum("entries__amount_minor"), 0), early=Coalesce(Sum("entries__amount_minor", filter=in_sum), 0)
    )
    for account in accounts:
        total, stored_minor, summed_minor = account.total, account.balance_minor, account.summed_minor
        is_buyer = account.kind == Account.Kind.BUYER
        if stored_minor != (total if is_buyer else 0):
            problems.append(f"account {account.pk} ({account.kind}) says {stored_minor}, its entries {total}")
        if summed_minor != (0 if is_buyer else account.early):
            problems.append(
                f"account {account.pk} ({account.kind}) keeps the sum {summed_minor} up to entry {account.summed_through},"
                f" its entries say {account.early}"
            )
        if (total < -account.may_owe_minor and account.kind not in KINDS_WITH_DEBT) or (
            total > 0 and account.kind == Account.Kind.DEBT
        ):
            problems.append(f"account {account.pk} ({account.kind}) is at {total}")
    problems += [*_kind_differences(), *day_totals.problems()]
    clearing = Entry.objects.filter(account__kind=Account.Kind.CLEARING).values_list("transfer__order_number")
    problems += [
        f"order {order} gave {-total} more than was paid for it"
        for order, total in clearing.annotate(total=Sum("amount_minor")).filter(total__lt=0)
    ]
    problems += _order_problems()
    problems += _debt_differences()
    problems += arrivals.problems()
    problems += corrections_check.problems()
    problems += withdrawals_check.problems()
    problems += [
        f"all {row['account__currency']} entries sum to {row['total']}"
        for row in Entry.objects.values("account__currency").annotate(total=Sum("amount_minor")).exclude(total=0)
    ]
    return Balance(Account.objects.count(), Transfer.objects.count(), tuple(problems))
