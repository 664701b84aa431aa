"""What operators read of settlement: statements of all sellers by state, what waits for them, and one."""

from __future__ import annotations

from django.db.models import QuerySet

from tradepost.market.base.paging import Page, page

from .models import WAITING, Statement


def all_statements(*, status: str = "", seller: int | None = None, after: str = "", size: int = 25) -> Page[Statement]:
    found = Statement.objects.select_related("seller")
    if status:
        found = found.filter(status=status)
    if seller is not None:
        found = found.filter(seller=seller)
    return page(found, after=after, size=size)


def waiting(*, after: str = "", size: int = 25) -> Page[Statement]:
    """What an operator does something about next."""
    return page(to_do(), after=after, size=size)


def to_do() -> QuerySet[Statement]:
    return Statement.objects.filter(status__in=WAITING).select_related("seller")


def find_statement(pk: int) -> Statement | None:
    return Statement.objects.select_related("seller", "paid", "settled").filter(pk=pk).first()
