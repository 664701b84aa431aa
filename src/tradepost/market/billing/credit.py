"""Credit a charge below zero. Unpaid usage of its own month is reduced first, then the buyer's other debt to the seller; the rest is
refunded to the balance. Money that an invoice covers is refunded once the invoice is returned (business-rules §6.2)."""

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
from .usage_months import add_payments, bounds, month_of, month_of_charge, not_invoiced, payment_for, subtract_refund

type Cut = tuple[Charge, int]
"""An unpaid charge, and the part of it that the credit settles."""


def credit(less: Charge, buyer: User, seller: Seller, *, now: datetime) -> None:
    """Book a charge below zero. The buyer's account is locked."""
    _book(less, buyer, seller, -less.minor, now)
    if less.waiting_minor:
        outbox.publish(CreditWaits(charge=less.pk), now=now)


def book_waiting(months: Iterable[UsageMonth], buyer: User, seller: Seller, currency: str, *, now: datetime) -> bool:
    """Refund credits of this buyer and seller that waited for the return of an invoice over these months, oldest first; False if none
    waited. The parties are notified of the rest, which another invoice covers. The buyer's account is locked."""
    places = {(month.subscription_id, month.month) for month in months}
    # All of them: before 0006 a credit could settle the debt of another month, so the payment may be in another month than the credit.
    waiting = Charge.objects.filter(seller=seller, buyer=buyer, currency=currency, waiting_minor__gt=0)
    booked = list(waiting.select_related("accumulation").order_by("pk"))
    for less in booked:
        _book(less, buyer, seller, less.waiting_minor, now)
        if less.waiting_minor and (less.subscription_id, month_of(less.accumulation.start)) in places:
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
    others = {one.pk for one in own}
    split = _split(less, [one for one in unpaid if one.pk not in others], left)
    subtract_refund(less, split.from_months)
    add_payments(payment_for(one, cut) for one, cut in split.payments)
    _transfer(less, buyer, seller, [*own_cuts, *split.cuts], paid=split.paid, now=now)
    less.waiting_minor = left - _total(split.cuts) - split.paid
    Charge.objects.filter(pk=less.pk).update(waiting_minor=less.waiting_minor)


class _Split(Struct, frozen=True, kw_only=True):
    """What becomes of a credit after unpaid usage of its own month. ``cuts``: of the buyer's other debt. ``payments``: the part of them
    that payments for usage cover. ``paid``: back to the balance."""

    cuts: list[Cut]
    payments: list[Cut]
    paid: int

    @property
    def from_months(self) -> int:
        return _total(self.payments) + self.paid


def _split(less: Charge, others: Sequence[Charge], left: int) -> _Split:
    """Nothing is taken from payments that an invoice covers."""
    month = month_of_charge(less)
    if month is not None and month.invoiced_minor:
        free = month.paid_minor - month.invoiced_minor
        left = min(left, free)
    else:
        free = not_invoiced(less)
    cuts = _cuts(others, left)
    payments = _first(cuts, free)
    return _Split(cuts=cuts, payments=payments, paid=min(left - _total(cuts), free - _total(payments)))


def _first(cuts: Iterable[Cut], most: int) -> list[Cut]:
    found: list[Cut] = []
    for one, cut in cuts:
        if part := min(most, cut):
            most -= part
            found.append((one, part))
    return found


def _unpaid(less: Charge) -> list[Charge]:
    owed = Charge.objects.filter(
        buyer=less.buyer_id, seller=less.seller_id, currency=less.currency, open_minor__gt=0
    )  # fmt: skip
    return list(owed.select_related("accumulation").order_by("pk"))


def _cuts(unpaid: Sequence[Charge], most: int) -> list[Cut]:
    return _first([(one, one.open_minor) for one in unpaid], most)


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
