"""Book negative charges as credits. They first reduce unpaid usage of the same month, then other debts to the seller;
the rest is refunded.

Amounts covered by an invoice are refunded after its return (business-rules §6.2).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime

from msgspec import Struct

from tradepost.market.base import outbox
from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller, User
from tradepost.market.payments import debts

from .events import CreditWaits
from .models import Allocation, Charge, UsageMonth
from .usage_months import (
    add_payments,
    month_bounds,
    month_of,
    month_of_charge,
    not_invoiced,
    payment_for,
    subtract_refund,
)

type Cut = tuple[Charge, int]
"""An unpaid charge, and the part that the credit settles."""


def credit(less: Charge, buyer: User, seller: Seller, *, now: datetime) -> None:
    """Book a negative charge. The caller holds the lock of the buyer's account."""
    _book(less, buyer, seller, -less.minor, now)
    if less.waiting_minor:
        outbox.publish(CreditWaits(charge=less.pk), now=now)


def book_waiting(months: Iterable[UsageMonth], buyer: User, seller: Seller, currency: str, *, now: datetime) -> bool:
    """Refund credits that waited for the return of an invoice over these months, oldest first. Return False if none
    waited.

    Notifies the parties of amounts covered by another invoice. The caller holds the lock of the buyer's account.
    """
    service_months = {(month.subscription_id, month.month) for month in months}
    # All of them: before migration 0006 a credit could settle the debt of another month.
    waiting_credits = Charge.objects.filter(seller=seller, buyer=buyer, currency=currency, waiting_minor__gt=0)
    booked_credits = list(waiting_credits.select_related("accumulation").order_by("pk"))
    for credit_charge in booked_credits:
        _book(credit_charge, buyer, seller, credit_charge.waiting_minor, now)
        if (
            credit_charge.waiting_minor
            and (credit_charge.subscription_id, month_of(credit_charge.accumulation.start)) in service_months
        ):
            outbox.publish(CreditWaits(charge=credit_charge.pk), now=now)
    return bool(booked_credits)


def reduce_new_usage(charges: Sequence[Charge], *, now: datetime) -> None:
    """Reduce new charges by credits of the same service and month that wait for an invoice, so that the result does not
    depend on the order of batches (decision 0085). The caller holds the locks of the buyers' accounts."""
    services = {charge.subscription_id for charge in charges}
    if not Charge.objects.filter(subscription__in=services, waiting_minor__gt=0).exists():
        return
    for credit_charge in _waiting(
        {(charge.subscription_id, month_of(charge.accumulation.start)) for charge in charges}
    ):
        _book(credit_charge, credit_charge.buyer, credit_charge.seller, credit_charge.waiting_minor, now)


def _waiting(service_months: Collection[tuple[int, date]]) -> list[Charge]:
    """Return waiting credits for these services and months, oldest first."""
    waiting_credits = Charge.objects.filter(subscription__in={pk for pk, _month in service_months}, waiting_minor__gt=0)
    return [
        credit_charge
        for credit_charge in waiting_credits.select_related("accumulation", "buyer", "seller").order_by("pk")
        if (credit_charge.subscription_id, month_of(credit_charge.accumulation.start)) in service_months
    ]


def _book(credit_charge: Charge, buyer: User, seller: Seller, minor: int, now: datetime) -> None:
    unpaid = _unpaid(credit_charge)
    begin, end = month_bounds(month_of(credit_charge.accumulation.start))
    same_month = [
        unpaid_charge
        for unpaid_charge in unpaid
        if unpaid_charge.subscription_id == credit_charge.subscription_id
        and begin <= unpaid_charge.accumulation.start < end
    ]
    own_cuts = _cuts(same_month, minor)
    remaining = minor - _total(own_cuts)
    same_month_keys = {unpaid_charge.pk for unpaid_charge in same_month}
    split = _split(
        credit_charge, [unpaid_charge for unpaid_charge in unpaid if unpaid_charge.pk not in same_month_keys], remaining
    )
    subtract_refund(credit_charge, split.from_months)
    add_payments(payment_for(unpaid_charge, cut) for unpaid_charge, cut in split.payments)
    _transfer(credit_charge, buyer, seller, [*own_cuts, *split.cuts], paid=split.paid, now=now)
    credit_charge.waiting_minor = remaining - _total(split.cuts) - split.paid
    Charge.objects.filter(pk=credit_charge.pk).update(waiting_minor=credit_charge.waiting_minor)


class _Split(Struct, frozen=True, kw_only=True):
    """Remainder of a credit after unpaid usage of its month. ``cuts``: reductions of other debts. ``payments``: the
    part of the cuts that payments cover. ``paid``: refund to the balance."""

    cuts: list[Cut]
    payments: list[Cut]
    paid: int

    @property
    def from_months(self) -> int:
        return _total(self.payments) + self.paid


def _split(credit_charge: Charge, other_charges: Sequence[Charge], remaining: int) -> _Split:
    """Split the rest of a credit without using payments covered by an invoice."""
    month = month_of_charge(credit_charge)
    if month is not None and month.invoiced_minor:
        free_minor = month.paid_minor - month.invoiced_minor
        remaining = min(remaining, free_minor)
    else:
        free_minor = not_invoiced(credit_charge)
    cuts = _cuts(other_charges, remaining)
    payments = _take(cuts, free_minor)
    return _Split(cuts=cuts, payments=payments, paid=min(remaining - _total(cuts), free_minor - _total(payments)))


def _take(cuts: Iterable[Cut], max_minor: int) -> list[Cut]:
    parts: list[Cut] = []
    for reduced_charge, cut in cuts:
        if part := min(max_minor, cut):
            max_minor -= part
            parts.append((reduced_charge, part))
    return parts


def _unpaid(credit_charge: Charge) -> list[Charge]:
    owed_charges = Charge.objects.filter(
        buyer=credit_charge.buyer_id, seller=credit_charge.seller_id, currency=credit_charge.currency, open_minor__gt=0
    )  # fmt: skip
    return list(owed_charges.select_related("accumulation").order_by("pk"))


def _cuts(unpaid: Sequence[Charge], max_minor: int) -> list[Cut]:
    return _take([(charge, charge.open_minor) for charge in unpaid], max_minor)


def _total(cuts: Sequence[Cut]) -> int:
    return sum(cut for _charge, cut in cuts)


def _transfer(
    credit_charge: Charge, buyer: User, seller: Seller, cuts: Sequence[Cut], *, paid: int, now: datetime
) -> None:  # fmt: skip
    if not cuts and not paid:
        return
    # The waiting amount only decreases, so later bookings of the credit have other references.
    reference = (
        f"charge/{credit_charge.pk}/{credit_charge.waiting_minor}"
        if credit_charge.waiting_minor
        else f"charge/{credit_charge.pk}"
    )
    booked_transfer = debts.credit_usage(
        buyer, seller, owed=Money(_total(cuts), credit_charge.currency), paid=Money(paid, credit_charge.currency),
        reference=reference, now=now,
    )  # fmt: skip
    for reduced_charge, cut in cuts:
        Charge.objects.filter(pk=reduced_charge.pk).update(open_minor=reduced_charge.open_minor - cut)
    Allocation.objects.bulk_create(
        Allocation(charge=reduced_charge, transfer=booked_transfer, minor=cut) for reduced_charge, cut in cuts
    )
    if paid:
        Allocation.objects.create(charge=credit_charge, transfer=booked_transfer, minor=paid)
