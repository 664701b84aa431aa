"""Paid time begins: its money is the seller's from then on (business-rules §8.2).

A line's price is earned whole with the period that it bought. That of a change in use comes in parts, one for each paid period
that it covers, and every part is a transfer of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import DateTimeField

from tradepost.market.base import rows
from tradepost.market.base.money import Money
from tradepost.market.base.prepared import Among, Keys, PreparedObjects
from tradepost.market.orders.finish import earn_lines, lines_to_earn
from tradepost.market.orders.models import OrderLine
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Period, Subscription

from .timers import AGAIN, next_begin


def reference_of(part: Period) -> str:
    """By which the ledger knows a part of a line's price: no two are alike."""
    return f"{part.line_number}/{part.pk}"


def earn_when_begun(
    payloads: Sequence[Mapping[str, Any]], now: datetime, *, at_their_moments: bool
) -> list[datetime | None]:
    """Task of the timer ``EARN``. ``at_their_moments``: it may come after several of them, and what began is booked at the
    moment when it did, also of a service that ended since. No subscription is waited for: who holds it may be about to set this very timer."""
    wanted = [payload["subscription"] for payload in payloads]
    unheld = Subscription.objects.select_for_update(of=("self",), skip_locked=True).filter(pk__in=wanted)
    found = list(unheld.order_by("pk").values_list("pk", flat=True))
    earn_begun(found, now=now, at_their_moments=at_their_moments)
    left = set(wanted) - set(found)
    held = set(Subscription.objects.filter(pk__in=left).values_list("pk", flat=True)) if left else set()
    following = next_begin(found)
    return [now + AGAIN if pk in held else following.get(pk) for pk in wanted]


def earn_begun(subscriptions: Collection[int], *, now: datetime, at_their_moments: bool = False) -> None:
    """What has begun of these subscriptions, by their keys, and was not earned."""
    periods = _BEGUN(subscriptions, now) if subscriptions else []
    if not periods:
        return
    for period in periods:
        period.earned_at = period.starts_at if at_their_moments else now
    whole = {period.line_number: period.earned_at for period in periods if period.kind != Period.Kind.CHANGE}
    if whole:
        earn_lines(lines_to_earn(whole), now=now, at={line: at for line, at in whole.items() if at})
    earn_parts([period for period in periods if period.kind == Period.Kind.CHANGE], now=now)
    rows.update(
        "subscriptions_period",
        {"earned_at": "timestamptz"},
        ({"id": period.pk, "earned_at": rows.moment(period.earned_at)} for period in periods),
    )


_BEGUN = PreparedObjects(
    (Keys(), DateTimeField()),
    lambda subscriptions, now: Period.objects.filter(
        Among("subscription", subscriptions), earned_at=None, cancelled_at=None, starts_at__lte=now
    ).order_by("pk"),
)


def earn_parts_of(line_numbers: Collection[str], *, now: datetime) -> None:
    """Of changes that were done just now: the parts of periods that had begun, as ``apply`` wrote them."""
    if line_numbers:
        earned = Period.objects.filter(line_number__in=line_numbers, kind=Period.Kind.CHANGE, earned_at__isnull=False)
        earn_parts(earned.order_by("pk"), now=now)


def earn_parts(parts: Iterable[Period], *, now: datetime) -> None:
    """Each at its ``earned_at``."""
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
                at=part.earned_at,
            )
            for part in parts
        ],
        now=now,
    )
