"""What a seller sees of operations: those of its own services, why each waits, and which stopped."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.counting import Count, count_up_to
from tradepost.market.base.paging import Page, page
from tradepost.market.identity.models import Seller
from tradepost.market.production.models import Call

from .models import Operation
from .operation_lists import STATES, about, calls_for, with_service
from .waiting import ShownOperation, shown


class OperationFilter(Struct, frozen=True, kw_only=True):
    """What a seller asks the list for. A state that means nothing finds nothing rather than everything."""

    state: str = "open"
    search: str = ""
    """An instance id, or the number of an order or order line."""


def seller_operations(
    seller: Seller, asked: OperationFilter, *, after: str = "", size: int = 25
) -> Page[ShownOperation]:
    """Newest first; at most five queries, whatever the number of rows."""
    rows = with_service(Operation.objects.filter(seller=seller))
    narrow = STATES.get(asked.state)
    rows = rows.filter(narrow) if narrow else rows.none()
    if asked.search:
        rows = rows.filter(subscription__in=about(asked.search, seller=seller))
    found = page(rows, after=after, size=size)
    return Page(shown(found.rows), found.next_key)


def find_operation(seller: Seller, pk: int) -> ShownOperation | None:
    """The seller's own operation; None for anybody else's."""
    found = with_service(Operation.objects.filter(seller=seller, pk=pk)).first()
    return shown([found])[0] if found else None


def calls_of(operation: Operation) -> list[Call]:
    """What was asked of the seller for it, oldest first."""
    return list(calls_for(operation))


class StoppedOperations(Struct, frozen=True):
    count: Count
    oldest: list[Operation]


def stopped_operations(seller: Seller, *, most: int = 5) -> StoppedOperations:
    """Each waits for a person until it is resolved, however long ago it stopped."""
    own = Operation.objects.filter(STATES["stopped"], seller=seller)
    return StoppedOperations(count_up_to(own), list(with_service(own).order_by("pk")[:most]))
