"""Operations for operators: the list, stopped ones first, and one with its calls."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from msgspec import Struct

from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import between
from tradepost.market.production.models import Call
from tradepost.market.production.operator_queries import with_attempts

from .models import Operation
from .operation_lists import STATES, calls_for, find_subscriptions, with_service
from .waiting import ShownOperation, with_waiting


class OperationFilter(Struct, frozen=True, kw_only=True):
    """Filters of the list; an empty seller does not filter. An invalid state matches nothing."""

    state: str = "stopped"
    seller: str = ""
    search: str = ""
    """Instance ID, order number or line number."""
    since: datetime | None = None
    until: datetime | None = None


def all_operations(filters: OperationFilter, *, after: str = "", size: int = 25) -> Page[ShownOperation]:
    """Return operations, newest first, in at most five queries."""
    rows = between(Operation.objects.select_related("seller"), "created_at", filters.since, filters.until)
    rows = with_service(rows)
    state_condition = STATES.get(filters.state)
    rows = rows.filter(state_condition) if state_condition else rows.none()
    if filters.seller:
        rows = rows.filter(seller_id=whole_number(filters.seller) or 0)  # no row has the key 0
    if filters.search:
        rows = rows.filter(subscription__in=find_subscriptions(filters.search))
    operation_page = page(rows, after=after, size=size)
    return Page(with_waiting(operation_page.rows), operation_page.next_key)


def find_operation(pk: int) -> ShownOperation | None:
    operation = with_service(
        Operation.objects.select_related("seller", "task", "line__order__buyer").filter(pk=pk)
    ).first()
    return with_waiting([operation])[0] if operation else None


def calls_of(operation: Operation) -> list[Call]:
    """Return the calls of an operation, oldest first, with ``attempts_made``, in two queries."""
    return with_attempts(calls_for(operation))


def stopped_among(orders: Collection[int]) -> set[int]:
    """Return the orders (by key) with a stopped operation."""
    stopped_operations = Operation.objects.filter(STATES["stopped"], line__order__in=orders)
    return set(stopped_operations.values_list("line__order", flat=True))
