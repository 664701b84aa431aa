"""Lists page by key, not by offset: the last row's key says where the next page starts."""

from __future__ import annotations

from django.db import models
from msgspec import Struct

from .numbers import whole_number


class Page[T](Struct, frozen=True):
    rows: list[T]
    next_key: str
    """Value of ``after`` for the next page; empty on the last."""


def page[M: models.Model](
    rows: models.QuerySet[M], *, after: str = "", size: int = 25, along: tuple[str, ...] = ()
) -> Page[M]:
    """Newest first by primary key. An ``after`` that is not a number starts at the top. ``along``: columns of which all the rows
    have the same value and with which their index begins; named in the order, so that PostgreSQL does not walk the primary key
    past everybody else's rows until it has found enough."""
    ordered = rows.order_by(*along, "-pk")
    last = whole_number(after)
    if last is not None:
        ordered = ordered.filter(pk__lt=last)
    found = list(ordered[: size + 1])
    more = len(found) > size
    found = found[:size]
    return Page(found, str(found[-1].pk) if more else "")
