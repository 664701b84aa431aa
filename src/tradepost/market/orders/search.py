"""Translate searches for orders into conditions that indexes serve on both databases.

The first match applies:
* beginning of an order or line number, at least ``CS`` and a digit;
* last six or seven characters of a number, as read over the telephone;
* part of the present product name in either language. All names are compared, since there are few products; then an
  index finds the newest orders of each product. Short Chinese words, which no word or trigram index finds, work too.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Substr

from tradepost.market.base.ends_of_lists import End, end_of_lists
from tradepost.market.base.ids import ALPHABET
from tradepost.market.base.pk_times import SLACK, first_key, time_bounds, within
from tradepost.market.base.prefix import begins_with
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller, User

from .models import ENDING_POSITION, Order, OrderLine

_NUMBER = re.compile(r"CS[0-9][0-9A-Z-]*")
_ENDING_PATTERN = re.compile(f"[{ALPHABET}]{{6,7}}")
_INDEXED_LENGTH = 6
"""Characters of a number's end in the index."""


def number_prefix(text: str) -> str:
    """Return the normalized text if it begins a number, otherwise an empty string."""
    number = text.strip().upper()
    return number if _NUMBER.fullmatch(number) else ""


def orders_by_number(text: str) -> Q | None:
    """Return the condition for orders by the beginning or end of their number; None for other texts. At most one small
    query."""
    if number := number_prefix(text):
        return begins_with("number", number.split("-", 1)[0])
    keys = _orders_ending(text)
    return Q(pk__in=keys) if keys else None


def orders_of_products(
    buyer: User, text: str, *, status: str, since: datetime | None, until: datetime | None, after: str, most: int
) -> list[int]:
    """Return the keys of a buyer's orders by product name, status and time, from ``after`` on.

    Two statements, and one for each bound of the time.
    """
    lines = OrderLine.objects.filter(time_bounds(Order, "placed_at", since, until, through="order"), buyer=buyer)
    end = End.of(after, key="order", most=most)
    return end_of_lists(lines, _products_named(text), end, by="product", statuses=_statuses(status))


def lines_of_products(
    seller: Seller, text: str, *, status: str, since: datetime | None, until: datetime | None, after: str, most: int
) -> list[int]:
    """Return the keys of a seller's lines by product name, status and time, from ``after`` on."""
    lines = lines_between(OrderLine.objects.filter(seller=seller), since, until)
    named_lines = _products_named(text).filter(seller=seller)
    return end_of_lists(lines, named_lines, End.of(after, most=most), by="product", statuses=_statuses(status))


def _products_named(text: str) -> QuerySet[Product]:
    return Product.objects.filter(Q(name__icontains=text.strip()) | Q(name_en__icontains=text.strip()))


def _statuses(status: str) -> list[str]:
    return [status] if status else Order.Status.values


def lines_by_number(text: str) -> Q | None:
    """Return the condition for lines by the beginning or end of their number; None for other texts. At most one small
    query."""
    if number := number_prefix(text):
        return begins_with("number", number)
    keys = _orders_ending(text)
    return Q(order__in=keys) if keys else None


def lines_between(lines: QuerySet[OrderLine], since: datetime | None, until: datetime | None) -> QuerySet[OrderLine]:
    """Select the lines of orders placed in this time range. Keys of lines grow with those of their orders, so any index
    by key serves."""
    if since is not None:
        lines = lines.filter(pk__gte=_first_line(since - SLACK))
    if until is not None:
        lines = lines.filter(pk__lt=_first_line(until + SLACK))
    return lines.filter(within("order__placed_at", since, until))


def _first_line(moment: datetime) -> int:
    """Return the key of the first line of the orders from a moment on; ``MAX_KEY`` without one."""
    order = first_key(Order, "placed_at", moment)
    first = OrderLine.objects.filter(order__gte=order).order_by("order", "pk").values_list("pk", flat=True).first()
    return MAX_KEY if first is None else first


MAX_KEY = 2**63 - 1


class _Literal(Value):
    """A number written into the statement: SQLite uses an expression index only for the identical expression."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[()]]:
        del compiler, connection
        return str(int(self.value)), ()


def orders_ending(text: str) -> QuerySet[Order]:
    """Select orders whose number ends with the last six characters of the text."""
    number_end = Substr("number", _Literal(ENDING_POSITION))
    return Order.objects.annotate(ending=number_end).filter(ending=text[-_INDEXED_LENGTH:])


def _orders_ending(text: str) -> list[int]:
    number_end = text.strip().upper()
    if not _ENDING_PATTERN.fullmatch(number_end):
        return []
    return [pk for pk, number in orders_ending(number_end).values_list("pk", "number") if number.endswith(number_end)]
