"""Whether money that came is booked as its facts say; a part of ``ledger.verify``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from .intent_models import Intent, ProviderFact
from .models import Account, Entry

Status = ProviderFact.Status


def problems() -> Iterator[str]:
    """In words: what of facts, announced transfers and the suspense accounts does not agree."""
    yield from _booked_otherwise()
    yield from _announced_otherwise()
    yield from _suspended_otherwise()


def _booked_otherwise() -> Iterator[str]:
    """Each fact was booked once, with its amount and number; it left suspense if and only if it says so."""
    facts = ProviderFact.objects.annotate(
        came=Coalesce(Sum("arrival__entries__amount_minor", filter=Q(arrival__entries__amount_minor__gt=0)), 0)
    )
    otherwise = facts.exclude(came=F("amount_minor"), arrival__reference=F("provider_no"))
    yield from (f"money {fact.provider_no} is {fact.amount_minor}, but {fact.came} was booked" for fact in otherwise)
    moved = ProviderFact.objects.filter(moved__isnull=False).annotate(
        left=Coalesce(Sum("moved__entries__amount_minor", filter=Q(moved__entries__amount_minor__gt=0)), 0)
    )
    yield from (
        f"money {fact.provider_no} is {fact.amount_minor}, but {fact.left} left suspense"
        for fact in moved.exclude(left=F("amount_minor"))
    )
    stays = Q(status=Status.UNMATCHED, moved__isnull=False) | Q(status=Status.RETURNED, moved=None)
    yield from (f"money {fact.provider_no} is called {fact.status}" for fact in ProviderFact.objects.filter(stays))


def _announced_otherwise() -> Iterator[str]:
    """A transfer is done if and only if its money is on its buyer's balance."""
    done = Q(status=Intent.Status.SUCCEEDED)
    wrong = Intent.objects.filter(
        (done & Q(fact=None)) | (~done & Q(fact__isnull=False)) | (Q(fact__isnull=False) & ~Q(fact__user=F("user")))
    )
    yield from (f"transfer {intent.number} is {intent.status}, its money says otherwise" for intent in wrong)


def _suspended_otherwise() -> Iterator[str]:
    """Suspense holds what is not matched, and nothing else."""
    unmatched = ProviderFact.objects.filter(status=Status.UNMATCHED).values_list("currency")
    expected = Counter(dict(unmatched.annotate(total=Sum("amount_minor"))))
    suspended = Entry.objects.filter(account__kind=Account.Kind.SUSPENSE).values_list("account__currency")
    found = Counter(dict(suspended.annotate(total=Sum("amount_minor"))))
    yield from (
        f"suspense holds {found[currency]} {currency}, but {expected[currency]} is not matched"
        for currency in sorted({*expected, *found})
        if expected[currency] != found[currency]
    )
