"""Paid time begins: its money is the seller's from then on (business-rules §8.2).

A line's price is earned whole with the period that it bought. That of a change in use comes in parts, one for each paid period
that it covers, and every part is a transfer of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from tradepost.market.base.money import Money
from tradepost.market.orders.finish import earn_lines
from tradepost.market.orders.models import OrderLine
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Period, Subscription


def reference_of(part: Period) -> str:
    """By which the ledger knows a part of a line's price: no two are alike."""
    return f"{part.line_number}/{part.pk}"


def earn_begun(subscriptions: Sequence[Subscription], *, now: datetime) -> None:
    """What has begun of these subscriptions and was not earned."""
    begun = Period.objects.filter(subscription__in=subscriptions, earned_at=None, cancelled_at=None, starts_at__lte=now)
    periods = list(begun.order_by("pk"))
    if not periods:
        return
    parts = [period for period in periods if period.kind == Period.Kind.CHANGE]
    whole = [period.line_number for period in periods if period.kind != Period.Kind.CHANGE]
    if whole:
        earn_lines(OrderLine.objects.filter(number__in=whole), now=now)
    earn_parts(parts, now=now)
    Period.objects.filter(pk__in=[period.pk for period in periods]).update(earned_at=now)


def earn_parts_of(line_numbers: Collection[str], *, now: datetime) -> None:
    """Of changes that were done just now: the parts of periods that had begun, as ``apply`` wrote them."""
    if line_numbers:
        earned = Period.objects.filter(line_number__in=line_numbers, kind=Period.Kind.CHANGE, earned_at__isnull=False)
        earn_parts(earned.order_by("pk"), now=now)


def earn_parts(parts: Iterable[Period], *, now: datetime) -> None:
    parts = list(parts)
    if not parts:
        return
    lines = OrderLine.objects.select_related("seller", "order").filter(number__in={one.line_number for one in parts})
    of = {line.number: line for line in lines}
    ledger.earn_all(
        [
            ledger.Earning(
                seller=of[part.line_number].seller,
                amount=Money(part.paid_minor, part.currency),
                reference=reference_of(part),
                order_number=of[part.line_number].order.number,
            )
            for part in parts
        ],
        now=now,
    )
