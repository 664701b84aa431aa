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

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Substr

from tradepost.market.base.ids import ALPHABET
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.prefix import begins
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller, User

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


def orders_of(buyer: User, text: str, *, status: str = "", after: str = "", most: int) -> Q:
    """Which of a buyer's orders are meant; where a product's name is, the newest ``most`` of them below the key ``after``.
    At most three small queries of its own."""
    if (by_number := orders_by_number(text)) is not None:
        return by_number
    products = _products_like(text)
    if not products:
        return NOTHING
    lines = OrderLine.objects.filter(buyer=buyer, product__in=products)
    if status:
        lines = lines.filter(status=status)
    before = whole_number(after)
    if before is not None:
        lines = lines.filter(order__lt=before)
    # By an expression, so that no index is read in its order: of a buyer who holds much and nothing of these products,
    # PostgreSQL would go through everything, in the hope of a full page soon.
    newest = lines.annotate(key=F("order_id") + 0).values_list("key", flat=True).distinct().order_by("-key")
    return Q(pk__in=list(newest[:most]))


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
