"""Usage that is reported, charged and invoiced, as the tests of usage invoices need it."""

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
"""From then on March can be invoiced."""
MARCH = "202603"


def use(service: Subscription, *values: str | int, at: datetime, now: datetime) -> list[Record]:
    """An hour for each value."""
    last = Record.objects.order_by("-pk").first()
    push(service.seller, [item(service, at + n * HOUR, str(value)) for n, value in enumerate(values)], now=now)
    return list(Record.objects.filter(pk__gt=last.pk if last else 0).order_by("pk"))


def charge_all(*, now: datetime, cycles: Sequence[str] = ("hour", "day", "month")) -> None:
    """Close and charge what came until now, with all that follows from it."""
    for cycle in cycles:
        collection = collect.close(cycle, now=now)
        after = charge(collection, now=now) if collection else None
        while collection and after is not None:
            after = charge(collection, after=after, now=now)
    react(now=now)


def top_up(buyer: User, amount: str, *, now: datetime) -> None:
    ledger.top_up(buyer, Money.of(amount, "CNY"), reference=f"BANK-{now.timestamp()}", actor="operator", now=now)
    react(now=now)


def apply_for_usage(service: Subscription, *months: str, now: datetime = APRIL, **more: Any) -> Invoice:
    """As the buyer of this service applies for these months, such as ``202603``."""
    fields: dict[str, Any] = {
        "usage": tuple(f"{service.pk}:{month}" for month in months or (MARCH,)), "invoice_type": "general_digital",
        "receiver": RECEIVER,
    } | more  # fmt: skip
    wanted = Application(title=title_of(service.buyer).pk, **fields)
    made = apply(service.buyer, wanted, patience=PATIENCE, a_day=500, now=now)
    react(now=now)
    return made


def void_it(record: Record, *, now: datetime) -> None:
    void_usage(record, reason="counted twice", actor="li", within=366 * DAY, zone=ZONE, now=now)


def month(service: Subscription, key: str = MARCH) -> tuple[int, int]:
    """Paid and invoiced, in minor units."""
    row = UsageMonth.objects.filter(subscription=service, month=f"{key[:4]}-{key[4:]}-01").first()
    return (row.paid_minor, row.invoiced_minor) if row else (0, 0)


def balance(buyer: User) -> int:
    return ledger.buyer_account(buyer, "CNY").balance.minor


def _sums_of_charges() -> dict[tuple[int, date], int]:
    """Payments less refunds by subscription and month, from all charges."""
    found: defaultdict[tuple[int, date], int] = defaultdict(int)
    for each in Charge.objects.select_related("accumulation"):
        paid = each.minor - each.open_minor + each.waiting_minor
        found[each.subscription_id, usage_months.month_of(each.accumulation.start)] += paid
    return found


def problems() -> list[str]:
    """All that must hold, and each month compared with its charges."""
    kept = {(row.subscription_id, row.month): row.paid_minor for row in UsageMonth.objects.all() if row.paid_minor}
    sums = {place: minor for place, minor in _sums_of_charges().items() if minor}
    of_months = [] if kept == sums else [f"months {kept}, charges {sums}"]
    return [*ledger.verify().problems, *queries.problems(), *invoice_check.problems(), *of_months]
