"""Lists page by key, not by offset: the last row's key says where the next page starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import models

from .numbers import whole_number


@dataclass(frozen=True, slots=True)
class Page[T]:
    rows: list[T]
    next_key: str
    """Value of ``after`` for the next page; empty on the last."""


def page[M: models.Model](rows: models.QuerySet[M], *, after: str = "", size: int = 25) -> Page[M]:
    """Newest first by primary key. An ``after`` that is not a number starts at the top."""
    ordered = rows.order_by("-pk")
    last = whole_number(after)
    if last is not None:
        ordered = ordered.filter(pk__lt=last)
    found = list(ordered[: size + 1])
    more = len(found) > size
    found = found[:size]
    return Page(found, str(found[-1].pk) if more else "")


CHUNK = 500
MOST_LOOKED_AT = 10_000


def page_where[M: models.Model](
    rows: models.QuerySet[M], wanted: Callable[[M], bool], *, after: str = "", size: int = 25
) -> Page[M]:
    """The same of those that are ``wanted``, for one owner's rows and a condition that no index has beside the owner: they
    are read in pieces by key, so that nothing of others is. When too many were looked at the next page goes on there."""
    found: list[M] = []
    last, looked = whole_number(after), 0
    while looked < MOST_LOOKED_AT:
        older = rows.order_by("-pk") if last is None else rows.order_by("-pk").filter(pk__lt=last)
        piece = list(older[:CHUNK])
        for row in piece:
            if wanted(row):
                if len(found) == size:
                    return Page(found, str(found[-1].pk))
                found.append(row)
        looked += len(piece)
        if len(piece) < CHUNK:
            return Page(found, "")
        last = piece[-1].pk
    return Page(found, str(last))
