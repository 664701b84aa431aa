"""Less was used than was charged: what is owed to that seller is cut first, the rest goes back to the balance."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller, User
from tradepost.market.payments import debts

from .models import Allocation, Charge


def credit(less: Charge, buyer: User, seller: Seller, *, now: datetime) -> None:
    """Book a charge below zero. The buyer's account is locked."""
    left, cuts = -less.minor, []
    owed = Charge.objects.filter(buyer=buyer, seller=seller, currency=less.currency, open_minor__gt=0).order_by("pk")
    for one in owed:
        cut = min(left, one.open_minor)
        if not cut:
            break
        left -= cut
        cuts.append((one, cut))
    booked = debts.credit(
        buyer, seller, owed=Money(sum(cut for _one, cut in cuts), less.currency), paid=Money(left, less.currency),
        reference=f"charge/{less.pk}", now=now,
    )  # fmt: skip
    for one, cut in cuts:
        Charge.objects.filter(pk=one.pk).update(open_minor=one.open_minor - cut)
    Allocation.objects.bulk_create(Allocation(charge=one, transfer=booked, minor=cut) for one, cut in cuts)
    if left:
        Allocation.objects.create(charge=less, transfer=booked, minor=left)
