"""What people type to find orders becomes conditions that indexes serve, the same on both databases.

A text is one of these, the first that fits:

* the beginning of an order's number, or of a line's, at least ``CS`` and a digit;
* the last seven characters of a number, the part that is read over the telephone;
* a part of a product's name in either language, as the product is called now. Products are few beside their orders, so
  they are looked through, and the orders then found by their products; that also serves Chinese words of two
  characters, which no index of words or of three letters finds.
"""

from __future__ import annotations

import re
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Substr
from django.db.models.lookups import Exact

from tradepost.market.base.ids import ALPHABET
from tradepost.market.base.prefix import begins
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller

from .models import TAIL_AT, Order, OrderLine

_NUMBER = re.compile(r"CS[0-9][0-9A-Z-]*")
_TAIL = re.compile(f"[{ALPHABET}]{{7}}")
LISTED = 1000
"""Products up to which their keys stand in a query; of more, nearly every order has one, and a list is soon full."""


def begins_as_number(text: str) -> str:
    """The text as the beginning of a number, empty for one that is none."""
    number = text.strip().upper()
    return number if _NUMBER.fullmatch(number) else ""


def orders_by_number(text: str) -> Q | None:
    """Which orders are meant by a beginning or an end of their number; None for a text that is neither. At most one small
    query of its own."""
    if number := begins_as_number(text):
        return begins("number", number.split("-", 1)[0])
    ended = _orders_ending(text)
    return Q(pk__in=ended) if ended else None


def orders_like(text: str) -> Q:
    """Which orders are meant. At most two small queries of its own."""
    if (by_number := orders_by_number(text)) is not None:
        return by_number
    products = _products_like(text)
    if not products:
        return NOTHING
    # A value rather than EXISTS, which PostgreSQL would join: the orders of one buyer are gone through, newest first.
    lines = OrderLine.objects.filter(order=OuterRef("pk"), product__in=products).values(yes=Value(1))
    return Q(Exact(Subquery(lines[:1]), Value(1)))


def lines_like(text: str, seller: Seller) -> Q:
    """The same for lines of a seller. At most two small queries of its own."""
    if number := begins_as_number(text):
        return begins("number", number)
    if ended := _orders_ending(text):
        return Q(order__in=ended)
    products = _products_like(text, seller)
    return Q(product__in=products) if products else NOTHING


NOTHING = Q(pk__in=[])


def _orders_ending(text: str) -> list[int]:
    tail = text.strip().upper()
    if not _TAIL.fullmatch(tail):
        return []
    return list(Order.objects.annotate(tail=Substr("number", TAIL_AT)).filter(tail=tail).values_list("pk", flat=True))


def _products_like(text: str, seller: Seller | None = None) -> list[int] | QuerySet[Any]:
    named = Product.objects.filter(Q(name__icontains=text.strip()) | Q(name_en__icontains=text.strip()))
    keys = (named if seller is None else named.filter(seller=seller)).order_by().values_list("pk", flat=True)
    found = list(keys[: LISTED + 1])
    return found if len(found) <= LISTED else keys
