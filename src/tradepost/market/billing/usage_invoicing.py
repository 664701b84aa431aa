"""Which usage can be invoiced, and what invoices reserve of it (business-rules §6.2). ``invoices`` calls this module.

A month is invoiced when it is over and everything reported for it is charged. Only payments count: arrears follow once they are paid.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from django.db.models import F, OuterRef, Q, Subquery
from msgspec import Struct

from tradepost.market.identity.models import Seller, User
from tradepost.market.metering.models import Record
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.subscriptions.models import Subscription

from . import collect_debt
from .credit import book_waiting
from .models import Charge, UsageMonth
from .usage_months import bounds, month_of

ON_TIME = timedelta(hours=3)
"""Reports for the last hour of a month may come until 02:00 and are charged at 02:15 (business-rules §4.8)."""


class MonthState(Struct, frozen=True, kw_only=True):
    """``minor``: paid and not invoiced. ``unpaid_minor``: charged and not paid."""

    minor: int
    over: bool
    charged: bool
    sandbox: bool
    unpaid_minor: int
    invoiced_minor: int


def states_of(months: Sequence[UsageMonth], *, now: datetime) -> dict[int, MonthState]:
    """By the key of the row, in a fixed number of queries."""
    services = {month.subscription_id for month in months}
    pending, sandbox = _pending(services), _sandbox(services)
    unpaid = _unpaid({month.buyer_id for month in months}, services)
    return {
        month.pk: MonthState(
            minor=month.paid_minor - month.invoiced_minor, over=is_over(month.month, now=now),
            charged=(month.subscription_id, month.month) not in pending, sandbox=month.subscription_id in sandbox,
            unpaid_minor=unpaid.get((month.subscription_id, month.month), 0), invoiced_minor=month.invoiced_minor,
        )
        for month in months
    }  # fmt: skip


def is_over(month: date, *, now: datetime) -> bool:
    return now >= bounds(month)[1] + ON_TIME


def _pending(services: set[int]) -> set[tuple[int, date]]:
    """Months with records that are not charged yet. Each service's last charge is looked up first: joined, all records would be read."""
    # By time: ordered by key, PostgreSQL walks the primary key past the charges of all other services.
    last = Charge.objects.filter(subscription=OuterRef("pk")).order_by("-at").values("collection__upto_id")[:1]
    charged = Subscription.objects.filter(pk__in=services).annotate(upto=Subquery(last))
    later = Q(pk__in=())
    for pk, upto in charged.values_list("pk", "upto"):
        later |= Q(subscription=pk, pk__gt=upto or 0)
    waiting = Record.objects.filter(later).values_list("subscription", "accumulation_start")
    return {(pk, month_of(start)) for pk, start in waiting.distinct()}


def _unpaid(buyers: set[int], services: set[int]) -> dict[tuple[int, date], int]:
    found: defaultdict[tuple[int, date], int] = defaultdict(int)
    unpaid = Charge.objects.filter(buyer__in=buyers, open_minor__gt=0, subscription__in=services)
    for pk, start, minor in unpaid.values_list("subscription", "accumulation__start", "open_minor"):
        found[pk, month_of(start)] += minor
    return found


def _sandbox(services: set[int]) -> set[int]:
    tried = OrderLine.objects.filter(subscription__in=services, order__origin=Order.Origin.SANDBOX)
    return set(tried.values_list("subscription", flat=True))


def reserve(amounts: Mapping[int, int]) -> None:
    """Put so much of each row on an invoice. The buyer's account is locked."""
    for pk, minor in sorted(amounts.items()):
        UsageMonth.objects.filter(pk=pk).update(invoiced_minor=F("invoiced_minor") + minor)


def release(amounts: Mapping[int, int], buyer: User, seller: Seller, currency: str, *, now: datetime) -> None:
    """Take so much of each row off an invoice, and refund the credits that waited for this."""
    debtors = collect_debt.lock_all([(buyer.pk, currency)])
    for pk, minor in sorted(amounts.items()):
        UsageMonth.objects.filter(pk=pk).update(invoiced_minor=F("invoiced_minor") - minor)
    if book_waiting(UsageMonth.objects.filter(pk__in=amounts), buyer, seller, currency, now=now):
        collect_debt.collect_locked(debtors, currency, now=now)


def waiting_credits(months: Sequence[UsageMonth]) -> dict[int, int]:
    """Credits over these months that wait for the return of an invoice, in minor units by the key of the month."""
    keys = {(month.subscription_id, month.month): month.pk for month in months}
    waiting = Charge.objects.filter(subscription__in={pk for pk, _month in keys}, waiting_minor__gt=0)
    found: defaultdict[int, int] = defaultdict(int)
    for pk, start, minor in waiting.values_list("subscription", "accumulation__start", "waiting_minor"):
        if (key := keys.get((pk, month_of(start)))) is not None:
            found[key] += minor
    return found
