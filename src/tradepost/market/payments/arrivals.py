"""Check that received money is booked as recorded; part of ``ledger.verify``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from .intent_models import Intent, ProviderFact
from .models import Account, Entry, Transfer

Status = ProviderFact.Status
_AMOUNT = Coalesce("corrected_minor", "amount_minor")


def problems() -> Iterator[str]:
    """Yield differences between received money, announced transfers and suspense accounts."""
    yield from _booking_differences()
    yield from _intent_differences()
    yield from _repayment_differences()
    yield from _suspense_differences()


def _booking_differences() -> Iterator[str]:
    """Check that each receipt was booked once with its amount and number, and left suspense only if its status says so."""
    facts = ProviderFact.objects.annotate(
        came=Coalesce(Sum("arrival__entries__amount_minor", filter=Q(arrival__entries__amount_minor__gt=0)), 0)
    )
    different = facts.exclude(came=F("amount_minor"), arrival__reference=F("provider_no"))
    yield from (f"money {fact.provider_no} is {fact.amount_minor}, but {fact.came} was booked" for fact in different)
    moved_facts = ProviderFact.objects.filter(moved__isnull=False).annotate(
        left=Coalesce(Sum("moved__entries__amount_minor", filter=Q(moved__entries__amount_minor__gt=0)), 0)
    )
    yield from (
        f"money {fact.provider_no} is {fact.amount.minor}, but {fact.left} left suspense"
        for fact in moved_facts.exclude(left=_AMOUNT)
    )
    stays = Q(status=Status.UNMATCHED, moved__isnull=False) | Q(status=Status.RETURNED, moved=None)
    yield from (f"money {fact.provider_no} is called {fact.status}" for fact in ProviderFact.objects.filter(stays))


def _intent_differences() -> Iterator[str]:
    """Check that a transfer is completed exactly if its money was booked for its buyer or seller."""
    has_succeeded = Q(status=Intent.Status.SUCCEEDED)
    inconsistent = Intent.objects.filter(
        (has_succeeded & Q(fact=None))
        | (~has_succeeded & Q(fact__isnull=False))
        | (Q(fact__isnull=False, seller=None) & ~Q(fact__user=F("user"), fact__seller=None))
        | (Q(fact__isnull=False, seller__isnull=False) & ~Q(fact__seller=F("seller"), fact__user=None))
    )
    yield from (f"transfer {intent.number} is {intent.status}, its money says otherwise" for intent in inconsistent)


def _repayment_differences() -> Iterator[str]:
    """Check that sellers' repayments are booked on their accounts, and no other receipts are."""
    paid_sums = dict(
        ProviderFact.objects.filter(seller__isnull=False).values_list("seller").annotate(Sum("amount_minor")).order_by()
    )
    arrived_entries = Entry.objects.filter(
        account__kind=Account.Kind.SELLER, transfer__reason__in=(Transfer.Reason.TOP_UP, Transfer.Reason.ASSIGNED)
    )
    booked_sums = dict(arrived_entries.values_list("account__seller").annotate(Sum("amount_minor")).order_by())
    for seller in sorted({*paid_sums, *booked_sums}):
        if paid_sums.get(seller, 0) != booked_sums.get(seller, 0):
            yield f"seller {seller} paid in {paid_sums.get(seller, 0)}, but {booked_sums.get(seller, 0)} was booked"


def _suspense_differences() -> Iterator[str]:
    """Check that suspense holds exactly the unmatched money."""
    unmatched_facts = ProviderFact.objects.filter(status=Status.UNMATCHED).values_list("currency")
    expected_sums = Counter(dict(unmatched_facts.annotate(total=Sum(_AMOUNT))))
    suspended_entries = Entry.objects.filter(account__kind=Account.Kind.SUSPENSE).values_list("account__currency")
    actual_sums = Counter(dict(suspended_entries.annotate(total=Sum("amount_minor"))))
    yield from (
        f"suspense holds {actual_sums[currency]} {currency}, but {expected_sums[currency]} is not matched"
        for currency in sorted({*expected_sums, *actual_sums})
        if expected_sums[currency] != actual_sums[currency]
    )
