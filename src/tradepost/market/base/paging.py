"""Keyset pagination: the key of a page's last row determines where the next page starts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import models
from django.db.models import Q
from msgspec import Struct

from .numbers import whole_number

OLDEST = "oldest"
"""Value of ``after`` for the first page of a list in ascending order. The keys of its later pages begin with it."""


class Page[T](Struct, frozen=True):
    rows: list[T]
    next_key: str
    """Value of ``after`` for the next page; empty on the last."""
    cut_at: int = 0
    """The limit on matches of a search that has more; the list is then incomplete, and the page shows that."""


def page[M: models.Model](
    rows: models.QuerySet[M], *, after: str = "", size: int = 25, along: tuple[str, ...] = ()
) -> Page[M]:
    """Return a page in descending order of the primary key, or ascending if ``after`` requests it. An invalid key
    gives the first page.

    ``along``: columns in which all the rows have the same value and with which their index begins. They are part of
    the order, so that PostgreSQL does not scan the primary key past other owners' rows."""
    oldest, key = order_of(after)
    ordered_rows = rows.order_by(*(f"-{column}" for column in along), "pk") if oldest else rows.order_by(*along, "-pk")
    last_key = whole_number(key)
    if last_key is not None:
        ordered_rows = ordered_rows.filter(pk__gt=last_key) if oldest else ordered_rows.filter(pk__lt=last_key)
    page_rows = list(ordered_rows[: size + 1])
    has_more = len(page_rows) > size
    page_rows = page_rows[:size]
    return Page(page_rows, next_key(str(page_rows[-1].pk), oldest=oldest) if has_more else "")


def page_by_moment[M: models.Model](
    rows: models.QuerySet[M], when: str, *, after: str = "", size: int = 25, along: tuple[str, ...] = ()
) -> Page[M]:
    """Return a page in the order of a time that may change while the key does not; rows of equal time by primary key.

    Needs an index on the columns of ``along``, the time and the key."""
    oldest, key = order_of(after)
    newest_first = (*along, f"-{when}", "-pk")
    ordered_rows = rows.order_by(*(_reversed(column) for column in newest_first) if oldest else newest_first)
    if (last_row := _moment_and_key(key)) is not None:
        at, pk = last_row
        comparison = "gt" if oldest else "lt"
        # The index serves the first bound.
        ordered_rows = ordered_rows.filter(**{f"{when}__{comparison}e": at}).filter(
            Q(**{f"{when}__{comparison}": at}) | Q(**{f"pk__{comparison}": pk})
        )
    page_rows = list(ordered_rows[: size + 1])
    has_more = len(page_rows) > size
    page_rows = page_rows[:size]
    if not has_more:
        return Page(page_rows, "")
    at = getattr(page_rows[-1], when)
    return Page(page_rows, next_key(f"{(at - _EPOCH) // timedelta(microseconds=1)}-{page_rows[-1].pk}", oldest=oldest))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = 253_402_300_799_999_999
"""Microseconds from 1970 to the last time that Python supports."""


def _reversed(column: str) -> str:
    return column.removeprefix("-") if column.startswith("-") else f"-{column}"


def _moment_and_key(text: str) -> tuple[datetime, int] | None:
    """Parse a key that ``page_by_moment`` wrote; None for any other text."""
    moment, _dash, key = text.partition("-")
    microseconds, pk = whole_number(moment), whole_number(key)
    if microseconds is None or pk is None or microseconds > _LAST:
        return None
    return _EPOCH + timedelta(microseconds=microseconds), pk


def order_of(after: str) -> tuple[bool, str]:
    """Return whether the order is ascending, and the key of the last row of the previous page."""
    oldest = after == OLDEST or after.startswith(f"{OLDEST}.")
    return oldest, after.removeprefix(OLDEST).removeprefix(".") if oldest else after


def next_key(key: str, *, oldest: bool) -> str:
    """Return ``after`` of the next page, from the key of the last row of this one."""
    return f"{OLDEST}.{key}" if oldest else key
