"""Read statements for operators."""

from __future__ import annotations

from django.db.models import QuerySet

from tradepost.market.base.paging import Page, page

from .models import OPERATOR_STATUSES, Statement


def all_statements(*, status: str = "", seller: int | None = None, after: str = "", size: int = 25) -> Page[Statement]:
    statements = Statement.objects.select_related("seller")
    if status:
        statements = statements.filter(status=status)
    if seller is not None:
        statements = statements.filter(seller=seller)
    return page(statements, after=after, size=size)


def waiting_statements(*, after: str = "", size: int = 25) -> Page[Statement]:
    """Return the statements that wait for an operator."""
    return page(statements_to_handle(), after=after, size=size)


def statements_to_handle() -> QuerySet[Statement]:
    return Statement.objects.filter(status__in=OPERATOR_STATUSES).select_related("seller")


def find_statement(pk: int) -> Statement | None:
    return Statement.objects.select_related("seller", "paid", "settled").filter(pk=pk).first()
