"""Consistency check of refunds, for the check of the books."""

from __future__ import annotations

from collections import Counter

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from tradepost.market.payments.models import Entry, Transfer

from .models import OrderLine
from .refund_models import DeliveryRefund, Refund, RefundLine


def problems() -> list[str]:
    """Check all refunds: no line refunds more than was paid, lines add up to their refund, and the lists match the
    ledger."""
    lines = OrderLine.objects.filter(refund_lines__refund__status=Refund.Status.REFUNDED)
    overrefunded = lines.annotate(back=Sum("refund_lines__back_minor")).filter(back__gt=F("amount_minor"))
    refunds = Refund.objects.filter(status=Refund.Status.REFUNDED).annotate(back=Coalesce(Sum("lines__back_minor"), 0))
    unequal = refunds.filter(~Q(back=F("amount_minor") + F("unbegun_minor")))
    return [
        *(
            f"order line {line.number} gave back {line.back} of {line.amount_minor}"
            for line in overrefunded.order_by("pk")
        ),
        *(
            f"refund {refund.pk} says {refund.total.minor}, its lines {refund.back}"
            for refund in unequal.order_by("pk")
        ),
        *_unlisted_transfers(),
    ]


def _unlisted_transfers() -> list[str]:
    """Compare transfers to buyers with the lists of refunds, by reference."""
    booked_sums, listed_sums = Counter(_booked_amounts()), Counter(_listed_amounts())
    return [
        f"refund {reference}: the ledger has {booked_sums[reference]}, the lists {listed_sums[reference]}"
        for reference in sorted(booked_sums.keys() | listed_sums.keys())
        if booked_sums[reference] != listed_sums[reference]
    ]


def _booked_amounts() -> dict[str, int]:
    entries = Entry.objects.filter(transfer__reason=Transfer.Reason.REFUND, amount_minor__gt=0)
    return dict(entries.values_list("transfer__reference").annotate(sum=Sum("amount_minor")))


def _listed_amounts() -> dict[str, int]:
    listed_sums = Counter(dict(DeliveryRefund.objects.values_list("reference").annotate(sum=Sum("amount_minor"))))
    paid_lines = RefundLine.objects.filter(refund__status=Refund.Status.REFUNDED, back_minor__gt=0)
    for order, line, minor in paid_lines.values_list("refund__order__number", "line__number", "back_minor").iterator():
        listed_sums[f"{order}/{line}"] += minor
    return listed_sums
