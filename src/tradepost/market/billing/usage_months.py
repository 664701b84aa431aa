"""Payments per service and month of usage in the market's time zone. Callers hold the buyer's account."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from django.db.models import F, QuerySet, Sum
from django.utils import timezone
from msgspec import Struct

from tradepost.market.base import rows
from tradepost.market.subscriptions.models import Subscription

from .models import Charge, UsageMonth
from .spans import Span


class Payment(Struct, frozen=True, kw_only=True):
    """A payment for usage of the accumulation that began at ``start``; ``minor`` is positive."""

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


_DAY = re.compile(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"2[0-9]{3}-(0[1-9]|1[0-2])")


def month_of(start: datetime) -> date:
    """Return the first day of the month that contains this moment in the market's time zone."""
    return timezone.localtime(start, timezone.get_default_timezone()).date().replace(day=1)


def month_bounds(month: date) -> tuple[datetime, datetime]:
    """Return the start and end of a month in the market's time zone."""
    span = Span.month_of(month, timezone.get_default_timezone())
    return span.begin, span.end


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """Return the start and end of a day in the market's time zone."""
    span = Span.day_of(day, timezone.get_default_timezone())
    return span.begin, span.end


def parse_day(text: str) -> date | None:
    """Parse a day such as ``2026-03-01``; None for other texts."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def parse_month(text: str) -> date | None:
    """Parse a month such as ``2026-03`` to its first day; None for other texts."""
    return date.fromisoformat(f"{text}-01") if _MONTH.fullmatch(text) else None


def add_payments(payments: Iterable[Payment]) -> None:
    """Add payments in one statement, in the order of keys."""
    sums: defaultdict[tuple[int, date], int] = defaultdict(int)
    parties: dict[tuple[int, date], Payment] = {}
    for payment in payments:
        key = payment.subscription, month_of(payment.start)
        sums[key] += payment.minor
        parties[key] = payment
    if not sums:
        return
    added_rows = [
        {
            "subscription_id": key[0], "month": key[1].isoformat(), "buyer_id": parties[key].buyer,
            "seller_id": parties[key].seller, "currency": parties[key].currency, "paid_minor": minor,
            "invoiced_minor": 0,
        }
        for key, minor in sorted(sums.items())
    ]  # fmt: skip
    rows.run(_ADD.format(names=", ".join(_COLUMNS), added=rows.recordset(_COLUMNS)), [rows.as_json(added_rows)])


def payment_for(charge: Charge, minor: int) -> Payment:
    """Return the payment of part of a charge. Its accumulation is loaded."""
    return Payment(
        subscription=charge.subscription_id, start=charge.accumulation.start, buyer=charge.buyer_id, seller=charge.seller_id,
        currency=charge.currency, minor=minor,
    )  # fmt: skip


def paid_months(subscription: Subscription) -> list[UsageMonth]:
    """Return months with payments, oldest first."""
    return list(UsageMonth.objects.filter(subscription=subscription).exclude(paid_minor=0).order_by("month"))


def month_of_charge(charge: Charge) -> UsageMonth | None:
    """Return the month of a charge; None before the first payment."""
    return UsageMonth.objects.filter(
        subscription=charge.subscription_id, month=month_of(charge.accumulation.start)
    ).first()


def subtract_refund(less: Charge, minor: int) -> None:
    """Subtract a refund from the month of its credit. Before migration 0006 a credit could settle the debt of another
    month, so a shortfall is subtracted from other months of the buyer and seller."""
    month = month_of_charge(less) if minor else None
    part = _subtract(month, minor) if month is not None else 0
    for other_month in _with_payments(less).order_by("pk") if part < minor else ():
        part += _subtract(other_month, minor - part)


def not_invoiced(less: Charge) -> int:
    """Return the buyer's payments to the seller for usage, less refunds and invoiced amounts."""
    free_minor = F("paid_minor") - F("invoiced_minor")
    total_minor: int | None = _with_payments(less).aggregate(total=Sum(free_minor))["total"]
    return total_minor or 0


def _with_payments(credit_charge: Charge) -> QuerySet[UsageMonth]:
    """Select months with uninvoiced payments, in the form of the index ``usage_month_to_invoice``."""
    return UsageMonth.objects.filter(
        buyer=credit_charge.buyer_id,
        seller=credit_charge.seller_id,
        currency=credit_charge.currency,
        paid_minor__gt=F("invoiced_minor"),
    )


def _subtract(month: UsageMonth, max_minor: int) -> int:
    part = min(max_minor, month.paid_minor - month.invoiced_minor)
    UsageMonth.objects.filter(pk=month.pk).update(paid_minor=F("paid_minor") - part)
    return part


def problems() -> list[str]:
    """Compare payments for usage between buyers and sellers with the charges."""
    keys = ("buyer", "seller", "currency")
    paid_sum = Sum(F("minor") - F("open_minor") + F("waiting_minor"))
    charged_sums = {
        tuple(key): total for *key, total in Charge.objects.order_by().values_list(*keys).annotate(total=paid_sum)
    }
    months = UsageMonth.objects.order_by().values_list(*keys).annotate(total=Sum("paid_minor"))
    stored_sums = {tuple(key): total for *key, total in months}
    return [
        f"buyer {parties[0]} paid seller {parties[1]} {charged_sums.get(parties, 0)} {parties[2]} for usage, its months say {stored_sums.get(parties, 0)}"
        for parties in sorted(charged_sums.keys() | stored_sums.keys())
        if charged_sums.get(parties, 0) != stored_sums.get(parties, 0)
    ]
