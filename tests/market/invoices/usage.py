"""Helpers for tests of usage invoices: report, charge and invoice usage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.factories.metering import ZONE, item, push
from tests.market.engine import react
from tests.market.invoices.applying import PATIENCE, RECEIVER, title_of
from tradepost.market.base.money import Money
from tradepost.market.billing import queries, usage_months
from tradepost.market.billing.charge import charge
from tradepost.market.billing.models import Charge, UsageMonth
from tradepost.market.identity.models import User
from tradepost.market.invoices import invoice_check
from tradepost.market.invoices.apply import Application, apply
from tradepost.market.invoices.models import Invoice
from tradepost.market.invoices.void_usage import void_usage
from tradepost.market.metering import collect
from tradepost.market.metering.models import Record
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MARCH_ENDS = datetime(2026, 3, 31, 16, tzinfo=UTC)
"""Midnight in Shanghai, the market's time zone."""
APRIL = MARCH_ENDS + 3 * HOUR
"""From this time on, March can be invoiced."""
MARCH = "202603"


def use(service: Subscription, *values: str | int, at: datetime, now: datetime) -> list[Record]:
    """Report one hour of usage for each value."""
    last = Record.objects.order_by("-pk").first()
    push(service.seller, [item(service, at + n * HOUR, str(value)) for n, value in enumerate(values)], now=now)
    return list(Record.objects.filter(pk__gt=last.pk if last else 0).order_by("pk"))


def charge_all(*, now: datetime, cycles: Sequence[str] = ("hour", "day", "month")) -> None:
    """Close and charge everything reported until now, and handle the resulting events."""
    for cycle in cycles:
        collection = collect.close(cycle, now=now)
        after = charge(collection, now=now) if collection else None
        while collection and after is not None:
            after = charge(collection, after=after, now=now)
    react(now=now)


def top_up(buyer: User, amount: str, *, now: datetime) -> None:
    ledger.top_up(buyer, Money.of(amount, "CNY"), reference=f"BANK-{now.timestamp()}", actor="operator", now=now)
    react(now=now)


def apply_for_usage(service: Subscription, *months: str, now: datetime = APRIL, **changes: Any) -> Invoice:
    """Apply, as the buyer of this service, for these months, such as ``202603``."""
    fields: dict[str, Any] = {
        "usage": tuple(f"{service.pk}:{month}" for month in months or (MARCH,)), "invoice_type": "general_digital",
        "receiver": RECEIVER,
    } | changes  # fmt: skip
    application = Application(title=title_of(service.buyer).pk, **fields)
    invoice = apply(service.buyer, application, patience=PATIENCE, a_day=500, now=now)
    react(now=now)
    return invoice


def void_record(record: Record, *, now: datetime) -> None:
    void_usage(record, reason="counted twice", actor="li", within=366 * DAY, zone=ZONE, now=now)


def month_totals(service: Subscription, key: str = MARCH) -> tuple[int, int]:
    """Return the paid and invoiced amounts of a month, in minor units."""
    row = UsageMonth.objects.filter(subscription=service, month=f"{key[:4]}-{key[4:]}-01").first()
    return (row.paid_minor, row.invoiced_minor) if row else (0, 0)


def balance(buyer: User) -> int:
    return ledger.buyer_account(buyer, "CNY").balance.minor


def _sums_of_charges() -> dict[tuple[int, date], int]:
    """Return payments minus refunds by subscription and month, computed from all charges."""
    sums: defaultdict[tuple[int, date], int] = defaultdict(int)
    for charge_row in Charge.objects.select_related("accumulation"):
        paid = charge_row.minor - charge_row.open_minor + charge_row.waiting_minor
        sums[charge_row.subscription_id, usage_months.month_of(charge_row.accumulation.start)] += paid
    return sums


def problems() -> list[str]:
    """Return violations of the ledger's and invoices' rules, and months that differ from their charges."""
    stored = {(row.subscription_id, row.month): row.paid_minor for row in UsageMonth.objects.all() if row.paid_minor}
    sums = {key: minor for key, minor in _sums_of_charges().items() if minor}
    month_problems = [] if stored == sums else [f"months {stored}, charges {sums}"]
    return [*ledger.verify().problems, *queries.problems(), *invoice_check.problems(), *month_problems]
