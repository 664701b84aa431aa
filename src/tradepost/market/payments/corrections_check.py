"""Check that corrections are booked as recorded; part of ``ledger.verify``."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Sum

from .correction_models import Correction
from .models import Account, Entry, Transfer


def problems() -> Iterator[str]:
    """Compare corrections with their bookings, and debts with the corrections that caused them."""
    last_corrections: dict[int, Correction] = {}
    corrections = Correction.objects.select_related("account", "account_before", "transfer").order_by(
        "transfer", "number"
    )
    for correction in corrections:
        if (previous := last_corrections.get(correction.transfer_id)) is not None and (
            previous.account_id,
            previous.minor,
        ) != (
            correction.account_before_id,
            correction.minor_before,
        ):
            yield f"correction {correction.pk} does not begin where the one before it ended"
        last_corrections[correction.transfer_id] = correction
        yield from _booking_differences(correction)
    booked_keys = Transfer.objects.filter(reason=Transfer.Reason.CORRECTED, correction=None).values_list(
        "pk", flat=True
    )
    yield from (f"transfer {pk} is a correction of no booking" for pk in booked_keys)
    yield from _debt_differences()


def _booking_differences(correction: Correction) -> Iterator[str]:
    entries = dict(
        Entry.objects.filter(transfer=correction.booked_id)
        .values_list("account")
        .annotate(Sum("amount_minor"))
        .order_by()
    )
    if correction.moved:
        correct = entries == {correction.account_before_id: -correction.minor, correction.account_id: correction.minor}
    else:
        correct = len(entries) == 2 and entries.get(correction.account_id) == correction.minor - correction.minor_before
    if not correct:
        yield f"correction {correction.pk} of transfer {correction.transfer_id} is not booked as it says"


def _debt_differences() -> Iterator[str]:
    """Check that balances were never further below zero than corrections allow."""
    debts = dict(
        Correction.objects.filter(owed_minor__gt=0).values_list("account_before").annotate(Sum("owed_minor")).order_by()
    )
    for pk, may_owe in Account.objects.filter(may_owe_minor__gt=0).values_list("pk", "may_owe_minor"):
        if may_owe > debts.get(pk, 0):
            yield f"account {pk} may owe {may_owe}, but corrections made a debt of {debts.get(pk, 0)}"
