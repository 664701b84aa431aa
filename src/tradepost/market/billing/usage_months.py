"""Keep the payments for each service and month of usage, in the market's time zone. Callers hold the buyer's account."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from django.db.models import F, QuerySet, Sum
from django.utils import timezone
from msgspec import Struct

from tradepost.market.base import rows

from .models import Charge, UsageMonth
from .spans import Span


class Payment(Struct, frozen=True, kw_only=True):
    """A payment for usage of the accumulation that began at ``start``; ``minor`` is above zero."""

    subscription: int
    start: datetime
    buyer: int
    seller: int
    currency: str
    minor: int


_COLUMNS = {
    "subscription_id": "bigint", "month": "date", "buyer_id": "bigint", "seller_id": "bigint", "currency": "text",
    "paid_minor": "bigint", "invoiced_minor": "bigint",
}  # fmt: skip
_ADD = (
    "INSERT INTO billing_usagemonth ({names}) SELECT {names} FROM {added} WHERE true"
    " ON CONFLICT (subscription_id, month) DO UPDATE SET paid_minor = billing_usagemonth.paid_minor + excluded.paid_minor"
)


_MONTH = re.compile(r"2[0-9]{3}-(0[1-9]|1[0-2])")


def month_of(start: datetime) -> date:
    """The first day of the month that contains this moment in the market's time zone."""
    return timezone.localtime(start, timezone.get_default_timezone()).date().replace(day=1)


def bounds(month: date) -> tuple[datetime, datetime]:
    """When a month begins and ends in the market's time zone."""
    span = Span.month_of(month, timezone.get_default_timezone())
    return span.begin, span.end


def month_asked(text: str) -> date | None:
    """The first day of a month such as ``2026-03``; None for anything else."""
    return date.fromisoformat(f"{text}-01") if _MONTH.fullmatch(text) else None


def add_payments(payments: Iterable[Payment]) -> None:
    """In one statement, rows in the order of their keys."""
    sums: defaultdict[tuple[int, date], int] = defaultdict(int)
    parties: dict[tuple[int, date], Payment] = {}
    for payment in payments:
        place = payment.subscription, month_of(payment.start)
        sums[place] += payment.minor
        parties[place] = payment
    if not sums:
        return
    added = [
        {
            "subscription_id": place[0], "month": place[1].isoformat(), "buyer_id": parties[place].buyer,
            "seller_id": parties[place].seller, "currency": parties[place].currency, "paid_minor": minor,
            "invoiced_minor": 0,
        }
        for place, minor in sorted(sums.items())
    ]  # fmt: skip
    rows.run(_ADD.format(names=", ".join(_COLUMNS), added=rows.recordset(_COLUMNS)), [rows.as_json(added)])


def payment_for(charge: Charge, minor: int) -> Payment:
    """Part of a charge that was paid. Its accumulation is loaded."""
    return Payment(
        subscription=charge.subscription_id, start=charge.accumulation.start, buyer=charge.buyer_id, seller=charge.seller_id,
        currency=charge.currency, minor=minor,
    )  # fmt: skip


def month_of_charge(charge: Charge) -> UsageMonth | None:
    """None while nothing was paid for its month."""
    return UsageMonth.objects.filter(
        subscription=charge.subscription_id, month=month_of(charge.accumulation.start)
    ).first()


def subtract_refund(less: Charge, minor: int) -> None:
    """Take a refund off the month of its credit. Before 0006 a credit could settle the debt of another month, so a shortage is taken off
    other months of the buyer and seller."""
    month = month_of_charge(less) if minor else None
    part = _subtract(month, minor) if month is not None else 0
    for other in _with_payments(less).order_by("pk") if part < minor else ():
        part += _subtract(other, minor - part)


def not_invoiced(less: Charge) -> int:
    """Payments of the buyer to the seller for usage of all months, less refunds and less what is on invoices."""
    free = F("paid_minor") - F("invoiced_minor")
    found: int | None = _with_payments(less).aggregate(total=Sum(free))["total"]
    return found or 0


def _with_payments(less: Charge) -> QuerySet[UsageMonth]:
    """In the words of the index ``usage_month_to_invoice``."""
    return UsageMonth.objects.filter(
        buyer=less.buyer_id, seller=less.seller_id, currency=less.currency, paid_minor__gt=F("invoiced_minor")
    )


def _subtract(month: UsageMonth, most: int) -> int:
    part = min(most, month.paid_minor - month.invoiced_minor)
    UsageMonth.objects.filter(pk=month.pk).update(paid_minor=F("paid_minor") - part)
    return part


def problems() -> list[str]:
    """Compare what a buyer paid a seller for usage with the charges."""
    keys = ("buyer", "seller", "currency")
    paid = Sum(F("minor") - F("open_minor") + F("waiting_minor"))
    charged = {tuple(key): total for *key, total in Charge.objects.order_by().values_list(*keys).annotate(total=paid)}
    months = UsageMonth.objects.order_by().values_list(*keys).annotate(total=Sum("paid_minor"))
    kept = {tuple(key): total for *key, total in months}
    return [
        f"buyer {place[0]} paid seller {place[1]} {charged.get(place, 0)} {place[2]} for usage, its months say {kept.get(place, 0)}"
        for place in sorted(charged.keys() | kept.keys())
        if charged.get(place, 0) != kept.get(place, 0)
    ]
