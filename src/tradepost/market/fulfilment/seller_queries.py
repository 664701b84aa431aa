"""Operations for sellers: those of their services, why each waits, and stopped ones."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.base.counting import Count, count_up_to
from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import between
from tradepost.market.identity.models import Seller
from tradepost.market.production.models import Call

from .models import Operation
from .operation_lists import STATES, calls_for, find_subscriptions, with_service
from .waiting import ShownOperation, with_waiting


class OperationFilter(Struct, frozen=True, kw_only=True):
    """Filters of the list. An invalid state matches nothing."""

    state: str = "open"
    search: str = ""
    """Instance ID, order number or line number."""
    since: datetime | None = None
    until: datetime | None = None
    """Range of the creation time; ``until`` is exclusive."""


def seller_operations(
    seller: Seller, filters: OperationFilter, *, after: str = "", size: int = 25
) -> Page[ShownOperation]:
    """Return operations, newest first, in at most five queries."""
    operations = between(Operation.objects.filter(seller=seller), "created_at", filters.since, filters.until)
    rows = with_service(operations)
    state_condition = STATES.get(filters.state)
    rows = rows.filter(state_condition) if state_condition else rows.none()
    if filters.search:
        rows = rows.filter(subscription__in=find_subscriptions(filters.search, seller=seller))
    operation_page = page(rows, after=after, size=size)
    return Page(with_waiting(operation_page.rows), operation_page.next_key)


def find_operation(seller: Seller, pk: int) -> ShownOperation | None:
    """Return the seller's operation; None for another seller's."""
    operation = with_service(Operation.objects.filter(seller=seller, pk=pk)).first()
    return with_waiting([operation])[0] if operation else None


def calls_of(operation: Operation) -> list[Call]:
    """Return the calls of an operation, oldest first."""
    return list(calls_for(operation))


class StoppedOperations(Struct, frozen=True):
    count: Count
    oldest: list[Operation]


def stopped_operations(seller: Seller, *, most: int = 5) -> StoppedOperations:
    """Return stopped operations; each waits for a person, regardless of age."""
    stopped_operation_rows = Operation.objects.filter(STATES["stopped"], seller=seller)
    return StoppedOperations(
        count_up_to(stopped_operation_rows), list(with_service(stopped_operation_rows).order_by("pk")[:most])
    )
