"""Earn paid periods: their money goes to the seller when they begin (business-rules §8.2).

The price of a line is earned with its period. A change is earned in parts, one transfer per paid period.
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

from .timers import RETRY_DELAY, next_begin


def reference_of(part: Period) -> str:
    """Return the unique reference of a part in the ledger."""
    return f"{part.line_number}/{part.pk}"


def earn_when_begun(
    payloads: Sequence[Mapping[str, Any]], now: datetime, *, at_their_moments: bool
) -> list[datetime | None]:
    """Timer task of ``EARN``: earn begun periods. Locked subscriptions are skipped and retried.

    ``at_their_moments``: book at the start of each period, because the timer may cover several of them, also of ended
    services.
    """
    keys = [payload["subscription"] for payload in payloads]
    unlocked_subscriptions = Subscription.objects.select_for_update(of=("self",), skip_locked=True).filter(pk__in=keys)
    locked_keys = list(unlocked_subscriptions.order_by("pk").values_list("pk", flat=True))
    earn_begun(locked_keys, now=now, at_their_moments=at_their_moments)
    missing_keys = set(keys) - set(locked_keys)
    skipped_keys = (
        set(Subscription.objects.filter(pk__in=missing_keys).values_list("pk", flat=True)) if missing_keys else set()
    )
    following = next_begin(locked_keys)
    return [now + RETRY_DELAY if pk in skipped_keys else following.get(pk) for pk in keys]


def earn_begun(subscriptions: Collection[int], *, now: datetime, at_their_moments: bool = False) -> None:
    """Earn the begun, unearned periods of these subscriptions (by key)."""
    periods = _BEGUN(subscriptions, now) if subscriptions else []
    if not periods:
        return
    for period in periods:
        period.earned_at = period.starts_at if at_their_moments else now
    base_lines = {period.line_number: period.earned_at for period in periods if period.kind != Period.Kind.CHANGE}
    if base_lines:
        earn_lines(lines_to_earn(base_lines), now=now, at={line: at for line, at in base_lines.items() if at})
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
    """Earn the begun parts of changes just completed, as written by ``apply``."""
    if line_numbers:
        earned_periods = Period.objects.filter(
            line_number__in=line_numbers, kind=Period.Kind.CHANGE, earned_at__isnull=False
        )
        earn_parts(earned_periods.order_by("pk"), now=now)


def earn_parts(parts: Iterable[Period], *, now: datetime) -> None:
    """Earn each part at its ``earned_at``."""
    parts = list(parts)
    if not parts:
        return
    lines = OrderLine.objects.select_related("seller", "order").filter(
        number__in={period.line_number for period in parts}
    )
    lines_by_number = {line.number: line for line in lines}
    ledger.earn_all(
        [
            ledger.Earning(
                seller=lines_by_number[part.line_number].seller,
                amount=Money(part.paid_minor, part.currency),
                reference=reference_of(part),
                order_number=lines_by_number[part.line_number].order.number,
                at=part.earned_at,
            )
            for part in parts
        ],
        now=now,
    )
