"""Statements as sellers see them: the list, one with its lines, and open items."""

from __future__ import annotations

from datetime import date

from django.db.models import QuerySet
from msgspec import Struct

from tradepost.market.base.counting import Count, count_up_to
from tradepost.market.base.money import Money
from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import Seller

from .fee import FeeInputs, read_inputs
from .models import SELLER_STATUSES, OpenSum, SettlementItem, Statement, StatementLine


class ExplainedLine(Struct, frozen=True):
    """A line with all inputs of its fee."""

    line: StatementLine
    inputs: FeeInputs
    paid: Money
    """Payments for the product in the month that decides the share."""
    before: Money
    fee_before: Money

    @property
    def whole(self) -> Money:
        """Amount including earlier statements."""
        return self.before + self.line.base

    @property
    def whole_fee(self) -> Money:
        return self.fee_before + self.line.fee

    @property
    def percent(self) -> str:
        return f"{self.line.rate * 100:f}".rstrip("0").rstrip(".")

    @property
    def share_percent(self) -> str:
        return f"{self.inputs.share * 100:f}".rstrip("0").rstrip(".")

    @property
    def increment_percent(self) -> str:
        """Empty without an increment."""
        return f"{self.inputs.increment * 100:f}".rstrip("0").rstrip(".") if self.inputs.increment else ""

    @property
    def usage_month(self) -> date | None:
        """Month of usage; None for an order line."""
        if self.line.subscription_id is None:
            return None
        month = self.line.source.rpartition(":")[2]
        return date(int(month[:4]), int(month[4:6]), 1)


def statements_of(seller: Seller, *, status: str = "", after: str = "", size: int = 25) -> Page[Statement]:
    statements = Statement.objects.filter(seller=seller)
    return page(statements.filter(status=status) if status else statements, after=after, size=size)


def statement_of(seller: Seller, pk: int) -> Statement | None:
    return Statement.objects.select_related("seller", "paid").filter(seller=seller, pk=pk).first()


def count_waiting(seller: Seller) -> Count:
    """Count the statements that wait for this seller: to approve, or to correct the bank account."""
    return count_up_to(Statement.objects.filter(seller=seller, status__in=SELLER_STATUSES))


def _lines(statement: Statement) -> QuerySet[StatementLine]:
    lines = StatementLine.objects.filter(statement=statement)
    return lines.select_related("statement", "product", "line__order", "subscription")


def lines_of(statement: Statement, *, after: str = "", size: int = 25) -> Page[ExplainedLine]:
    line_page = page(_lines(statement), after=after, size=size)
    return Page([explain_line(line) for line in line_page.rows], line_page.next_key)


def all_lines(statement: Statement, *, most: int) -> tuple[list[ExplainedLine], bool]:
    """Return at most ``most`` lines in order of settlement, and whether there are more."""
    lines = list(_lines(statement).order_by("pk")[: most + 1])
    return [explain_line(line) for line in lines[:most]], len(lines) > most


def explain_line(line: StatementLine) -> ExplainedLine:
    inputs, currency = read_inputs(line.inputs), line.statement.currency
    return ExplainedLine(
        line, inputs, Money(inputs.paid_minor, currency), Money(inputs.before_minor, currency),
        Money(inputs.fee_before_minor, currency),
    )  # fmt: skip


def open_amounts(seller: Seller) -> list[Money]:
    """Return collected amounts without a statement, one per currency."""
    return [open_sum.total for open_sum in OpenSum.objects.filter(seller=seller, items__gt=0).order_by("currency")]


def open_items(seller: Seller, *, after: str = "", size: int = 25) -> Page[SettlementItem]:
    """Return collected items without a statement, latest first."""
    items = SettlementItem.objects.filter(seller=seller, statement=None)
    return page(
        items.select_related("product", "line__order", "subscription", "entry__transfer"), after=after, size=size
    )
