"""Credit a charge below zero. Unpaid usage of its own month is reduced first, then the buyer's other debt to the seller; the rest is
refunded to the balance. Money that an invoice covers is refunded once the invoice is returned (business-rules §6.2)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime

from tradepost.market.base import outbox
from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller, User
from tradepost.market.payments import debts

from .events import CreditWaits
from .models import Allocation, Charge, UsageMonth
from .usage_months import add_payments, bounds, month_of, month_of_charge, payment_for, subtract_refund

type Cut = tuple[Charge, int]
"""An unpaid charge, and the part of it that the credit settles."""


def credit(less: Charge, buyer: User, seller: Seller, *, now: datetime) -> None:
    """Book a charge below zero. The buyer's account is locked."""
    _book(less, buyer, seller, -less.minor, now)
    if less.waiting_minor:
        outbox.publish(CreditWaits(charge=less.pk), now=now)


def book_waiting(months: Iterable[UsageMonth], buyer: User, seller: Seller, *, now: datetime) -> bool:
    """Refund credits that waited for the return of an invoice over these months, oldest first; False if none waited. The parties are
    notified of the rest, which another invoice covers. The buyer's account is locked."""
    booked = _waiting({(month.subscription_id, month.month) for month in months})
    for less in booked:
        _book(less, buyer, seller, less.waiting_minor, now)
        if less.waiting_minor:
            outbox.publish(CreditWaits(charge=less.pk), now=now)
    return bool(booked)


def reduce_new_usage(charges: Sequence[Charge], *, now: datetime) -> None:
    """Let credits that wait for an invoice reduce new charges of their own service and month, so that the order of batches does not
    decide what a buyer pays (decision 0085). The buyers' accounts are locked."""
    services = {one.subscription_id for one in charges}
    if not Charge.objects.filter(subscription__in=services, waiting_minor__gt=0).exists():
        return
    for less in _waiting({(one.subscription_id, month_of(one.accumulation.start)) for one in charges}):
        _book(less, less.buyer, less.seller, less.waiting_minor, now)


def _waiting(places: Collection[tuple[int, date]]) -> list[Charge]:
    """Credits for these services and months that wait, oldest first."""
    waiting = Charge.objects.filter(subscription__in={pk for pk, _month in places}, waiting_minor__gt=0)
    return [
        less
        for less in waiting.select_related("accumulation", "buyer", "seller").order_by("pk")
        if (less.subscription_id, month_of(less.accumulation.start)) in places
    ]


def _book(less: Charge, buyer: User, seller: Seller, minor: int, now: datetime) -> None:
    unpaid = _unpaid(less)
    begin, end = bounds(month_of(less.accumulation.start))
    own = [
        one for one in unpaid if one.subscription_id == less.subscription_id and begin <= one.accumulation.start < end
    ]
    own_cuts = _cuts(own, minor)
    left = minor - _total(own_cuts)
    month = month_of_charge(less)
    invoiced = month is not None and month.invoiced_minor > 0
    refund = min(left, month.paid_minor - month.invoiced_minor) if month is not None and invoiced else left
    others = {one.pk for one in own}
    other_cuts = _cuts([one for one in unpaid if one.pk not in others], refund)
    if month is not None and refund:
        subtract_refund(month, refund)
    add_payments(payment_for(one, cut) for one, cut in other_cuts)
    _transfer(less, buyer, seller, [*own_cuts, *other_cuts], paid=refund - _total(other_cuts), now=now)
    Charge.objects.filter(pk=less.pk).update(waiting_minor=left - refund)
    less.waiting_minor = left - refund


def _unpaid(less: Charge) -> list[Charge]:
    owed = Charge.objects.filter(
        buyer=less.buyer_id, seller=less.seller_id, currency=less.currency, open_minor__gt=0
    )  # fmt: skip
    return list(owed.select_related("accumulation").order_by("pk"))


def _cuts(unpaid: Sequence[Charge], most: int) -> list[Cut]:
    cuts: list[Cut] = []
    for one in unpaid:
        if cut := min(most, one.open_minor):
            most -= cut
            cuts.append((one, cut))
    return cuts


def _total(cuts: Sequence[Cut]) -> int:
    return sum(cut for _one, cut in cuts)


def _transfer(
    less: Charge, buyer: User, seller: Seller, cuts: Sequence[Cut], *, paid: int, now: datetime
) -> None:  # fmt: skip
    if not cuts and not paid:
        return
    # The waiting part only falls, so a later booking of the same credit has another reference.
    reference = f"charge/{less.pk}/{less.waiting_minor}" if less.waiting_minor else f"charge/{less.pk}"
    booked = debts.credit(
        buyer, seller, owed=Money(_total(cuts), less.currency), paid=Money(paid, less.currency), reference=reference, now=now
    )  # fmt: skip
    for one, cut in cuts:
        Charge.objects.filter(pk=one.pk).update(open_minor=one.open_minor - cut)
    Allocation.objects.bulk_create(Allocation(charge=one, transfer=booked, minor=cut) for one, cut in cuts)
    if paid:
        Allocation.objects.create(charge=less, transfer=booked, minor=paid)
