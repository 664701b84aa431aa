"""Usage that can be invoiced, and amounts reserved by invoices (business-rules §6.2). Called by ``invoices``.

A month can be invoiced when it is over and all its reports are charged. Only payments count; arrears follow once paid.
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
from .usage_months import month_bounds, month_of

CHARGING_DELAY = timedelta(hours=3)
"""Reports for the last hour of a month may arrive until 02:00 and are charged at 02:15 (business-rules §4.8)."""


class MonthState(Struct, frozen=True, kw_only=True):
    """``minor``: paid and not invoiced. ``unpaid_minor``: charged and not paid."""

    minor: int
    over: bool
    charged: bool
    sandbox: bool
    unpaid_minor: int
    invoiced_minor: int


def states_of(months: Sequence[UsageMonth], *, now: datetime) -> dict[int, MonthState]:
    """Return the states by key of the month, in a fixed number of queries."""
    services = {month.subscription_id for month in months}
    pending_months, sandbox_services = _pending(services), _sandbox(services)
    unpaid = _unpaid({month.buyer_id for month in months}, services)
    return {
        month.pk: MonthState(
            minor=month.paid_minor - month.invoiced_minor, over=is_over(month.month, now=now),
            charged=(month.subscription_id, month.month) not in pending_months, sandbox=month.subscription_id in sandbox_services,
            unpaid_minor=unpaid.get((month.subscription_id, month.month), 0), invoiced_minor=month.invoiced_minor,
        )
        for month in months
    }  # fmt: skip


def is_over(month: date, *, now: datetime) -> bool:
    return now >= month_bounds(month)[1] + CHARGING_DELAY


def _pending(services: set[int]) -> set[tuple[int, date]]:
    """Return months with uncharged records. The last charge of each service is read first; a join would read all
    records."""
    # By time: sorted by key, PostgreSQL would scan the charges of all other services.
    last_charge = Charge.objects.filter(subscription=OuterRef("pk")).order_by("-at").values("collection__upto_id")[:1]
    charged_services = Subscription.objects.filter(pk__in=services).annotate(upto=Subquery(last_charge))
    condition = Q(pk__in=())
    for pk, upto in charged_services.values_list("pk", "upto"):
        condition |= Q(subscription=pk, pk__gt=upto or 0)
    waiting_records = Record.objects.filter(condition).values_list("subscription", "accumulation_start")
    return {(pk, month_of(start)) for pk, start in waiting_records.distinct()}


def _unpaid(buyers: set[int], services: set[int]) -> dict[tuple[int, date], int]:
    by_month: defaultdict[tuple[int, date], int] = defaultdict(int)
    unpaid = Charge.objects.filter(buyer__in=buyers, open_minor__gt=0, subscription__in=services)
    for pk, start, minor in unpaid.values_list("subscription", "accumulation__start", "open_minor"):
        by_month[pk, month_of(start)] += minor
    return by_month


def _sandbox(services: set[int]) -> set[int]:
    lines = OrderLine.objects.filter(subscription__in=services, order__origin=Order.Origin.SANDBOX)
    return set(lines.values_list("subscription", flat=True))


def reserve(amounts: Mapping[int, int]) -> None:
    """Reserve these amounts for an invoice. The caller holds the lock of the buyer's account."""
    for pk, minor in sorted(amounts.items()):
        UsageMonth.objects.filter(pk=pk).update(invoiced_minor=F("invoiced_minor") + minor)


def release(amounts: Mapping[int, int], buyer: User, seller: Seller, currency: str, *, now: datetime) -> None:
    """Release these amounts from an invoice, and refund the credits that waited for it."""
    debtors = collect_debt.lock_all([(buyer.pk, currency)])
    for pk, minor in sorted(amounts.items()):
        UsageMonth.objects.filter(pk=pk).update(invoiced_minor=F("invoiced_minor") - minor)
    if book_waiting(UsageMonth.objects.filter(pk__in=amounts), buyer, seller, currency, now=now):
        collect_debt.collect_locked(debtors, currency, now=now)


def waiting_credits(months: Sequence[UsageMonth]) -> dict[int, int]:
    """Return credits over these months that wait for the return of an invoice, in minor units by key of the month."""
    keys = {(month.subscription_id, month.month): month.pk for month in months}
    credit_charges = Charge.objects.filter(subscription__in={pk for pk, _month in keys}, waiting_minor__gt=0)
    by_month: defaultdict[int, int] = defaultdict(int)
    for pk, start, minor in credit_charges.values_list("subscription", "accumulation__start", "waiting_minor"):
        if (key := keys.get((pk, month_of(start)))) is not None:
            by_month[key] += minor
    return by_month
