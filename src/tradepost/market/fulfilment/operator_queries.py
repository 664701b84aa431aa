"""What operators see of operations: all of them, the stopped ones first, and one with all that was asked for it."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from tradepost.market.base.counting import count_up_to
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, page
from tradepost.market.production.models import Call
from tradepost.market.production.operator_queries import with_attempts

from .models import Operation
from .operation_lists import STATES, about, calls_for, with_service
from .seller_queries import StoppedOperations
from .waiting import ShownOperation, shown


class OperationFilter(Struct, frozen=True, kw_only=True):
    """What an operator asks the list for; an empty seller means all. A state that means nothing finds nothing."""

    state: str = "stopped"
    seller: str = ""
    search: str = ""
    """An instance id, or the number of an order or order line."""


def all_operations(asked: OperationFilter, *, after: str = "", size: int = 25) -> Page[ShownOperation]:
    """Newest first; at most five queries, whatever the number of rows."""
    rows = with_service(Operation.objects.select_related("seller"))
    narrow = STATES.get(asked.state)
    rows = rows.filter(narrow) if narrow else rows.none()
    if asked.seller:
        rows = rows.filter(seller_id=whole_number(asked.seller) or 0)  # no row has the key 0
    if asked.search:
        rows = rows.filter(subscription__in=about(asked.search))
    found = page(rows, after=after, size=size)
    return Page(shown(found.rows), found.next_key)


def find_operation(pk: int) -> ShownOperation | None:
    found = with_service(Operation.objects.select_related("seller", "task", "line__order__buyer").filter(pk=pk)).first()
    return shown([found])[0] if found else None


def calls_of(operation: Operation) -> list[Call]:
    """What was asked of the seller for it, oldest first, each with its ``attempts_made``; two queries."""
    return with_attempts(calls_for(operation))


def stopped_operations(*, most: int = 5) -> StoppedOperations:
    stopped = Operation.objects.filter(STATES["stopped"])
    oldest = with_service(stopped.select_related("seller")).order_by("pk")[:most]
    return StoppedOperations(count_up_to(stopped), list(oldest))


def stopped_among(orders: Collection[int]) -> set[int]:
    """Those of these orders (by pk) of which something stopped."""
    stopped = Operation.objects.filter(STATES["stopped"], line__order__in=orders)
    return set(stopped.values_list("line__order", flat=True))
