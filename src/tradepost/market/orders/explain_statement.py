"""Statement of the payments and refunds of a service by month and order, with explanations (pure functions)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.money import Money
from tradepost.market.payments.models import Account, Transfer
from tradepost.market.payments.queries import Movement

from .explain import ServiceFacts, explain_order, sums_of_service
from .explained import ExplainedAmount, Kind, OrderFacts, Part, format_moment, sum_of_parts
from .models import Order


class Row(Struct, frozen=True, kw_only=True):
    """Payment (positive) or refund (negative) of one order in one month; zero for an order that cost nothing."""

    at: datetime
    title: str
    amount: Money
    order: str
    details: tuple[ExplainedAmount, ...] = ()


class UsageRow(Struct, frozen=True):
    """Payment for the usage of one month, less refunds; listed by month of use."""

    month: date
    amount: Money


class MonthOfService(Struct, frozen=True, kw_only=True):
    """One month; ``month`` is its first day in the market's time zone. Newest rows first."""

    month: date
    rows: tuple[Row, ...]
    usage: UsageRow | None = None
    currency: str

    @property
    def total(self) -> Money:
        rows = sum(row.amount.minor for row in self.rows)
        return Money(rows + (self.usage.amount.minor if self.usage else 0), self.currency)


class ServiceStatement(Struct, frozen=True, kw_only=True):
    """Statement of a service, newest month first. ``unpaid``: orders never paid; ``sums``: explained totals."""

    currency: str
    months: tuple[MonthOfService, ...]
    unpaid: tuple[Order, ...]
    sums: tuple[ExplainedAmount, ...]

    @property
    def total(self) -> Money:
        return Money(sum(month.total.minor for month in self.months), self.currency)

    @property
    def explanations(self) -> tuple[ExplainedAmount, ...]:
        """Every explained amount of the statement."""
        of_rows = (detail for month in self.months for row in month.rows for detail in row.details)
        return (*self.sums, *of_rows)


def service_statement(
    facts: ServiceFacts, kinds: Collection[Kind], *, usage: Sequence[UsageRow] = ()
) -> ServiceStatement:
    rows: defaultdict[date, list[Row]] = defaultdict(list)
    for order in facts.orders:
        if order.order.paid_at is not None:
            for row in _rows(order, [part for part in explain_order(order) if part.kind in kinds]):
                rows[_month(row.at)].append(row)
    usage_by_month = {row.month: row for row in usage}
    months = tuple(
        MonthOfService(
            month=month, rows=tuple(sorted(rows.get(month, ()), key=lambda row: row.at))[::-1],
            usage=usage_by_month.get(month), currency=facts.currency,
        )
        for month in sorted(rows.keys() | usage_by_month.keys(), reverse=True)
    )  # fmt: skip
    unpaid = tuple(order.order for order in reversed(facts.orders) if order.order.paid_at is None)
    sums = tuple(amount for amount in sums_of_service(facts) if amount.kind in kinds)
    return ServiceStatement(currency=facts.currency, months=months, unpaid=unpaid, sums=sums)


def _month(moment: datetime) -> date:
    return timezone.localtime(moment, timezone.get_default_timezone()).date().replace(day=1)


def _rows(facts: OrderFacts, details: Sequence[ExplainedAmount]) -> Iterable[Row]:
    order = facts.order
    payments = [movement for movement in facts.movements if movement.transfer.reason == Transfer.Reason.PAYMENT]
    refunds_by_month: defaultdict[date, list[Movement]] = defaultdict(list)
    for movement in facts.movements:
        if movement.target.kind == Account.Kind.BUYER:
            refunds_by_month[_month(movement.at)].append(movement)
    yield Row(
        at=order.paid_at or order.placed_at, title=str(order.get_order_type_display()), order=order.number,
        amount=facts.money(sum(amount.amount.minor for amount in payments)),
        details=tuple(amount for amount in details if amount.kind is not Kind.REFUND or not refunds_by_month),
    )  # fmt: skip
    refund_details = tuple(amount for amount in details if amount.kind is Kind.REFUND)
    for movements in refunds_by_month.values():
        refund_minor = -sum(amount.amount.minor for amount in movements)
        yield Row(
            at=movements[-1].at, title=_("Refund"), order=order.number, amount=facts.money(refund_minor),
            details=refund_details if len(refunds_by_month) == 1 else (_booked(facts, movements), *refund_details),
        )  # fmt: skip


def _booked(facts: OrderFacts, movements: Sequence[Movement]) -> ExplainedAmount:
    """Explain the refunds of one month, if an order has refunds in several months."""
    parts = [Part(format_moment(movement.at), movement.amount) for movement in movements]
    total = sum(movement.amount.minor for movement in movements)
    return sum_of_parts(Kind.REFUND, _("Refunded in this month"), facts.money(total), parts)
