"""Check that the held money equals the open withdrawals; part of ``ledger.verify``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.db.models import Sum

from .models import Account, Entry
from .withdrawal_models import OPEN_STATUSES, Withdrawal


def problems() -> Iterator[str]:
    """Yield differences between the held money and the open withdrawals."""
    open_withdrawals = Withdrawal.objects.filter(status__in=OPEN_STATUSES).order_by().values_list("currency")
    expected_sums = Counter(dict(open_withdrawals.annotate(total=Sum("amount_minor"))))
    entries = Entry.objects.filter(account__kind=Account.Kind.HELD).order_by().values_list("account__currency")
    actual_sums = Counter(dict(entries.annotate(total=Sum("amount_minor"))))
    yield from (
        f"{actual_sums[currency]} {currency} is held for withdrawals, but open ones ask for {expected_sums[currency]}"
        for currency in sorted({*expected_sums, *actual_sums})
        if expected_sums[currency] != actual_sums[currency]
    )
