"""The log as operators read it: searched by who, what, on which object and when; the newest first, each by an index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from django.db.models import Q, QuerySet
from msgspec import Struct

from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page

from .models import Clearance, Entry, Outcome

SIZE = 50
BATCH = 1000


class LogFilter(Struct, frozen=True, kw_only=True):
    """Empty means all. ``since`` is inside, ``until`` is not. ``refused``: only what was refused or failed."""

    actor: str = ""
    act: str = ""
    object_kind: str = ""
    object_id: str = ""
    seller: str = ""
    refused: bool = False
    since: datetime | None = None
    until: datetime | None = None


def _rows(asked: LogFilter) -> QuerySet[Entry]:
    rows = Entry.objects.order_by("-at", "-pk")
    exact = {
        "actor_text": asked.actor,
        "act": asked.act,
        "object_kind": asked.object_kind,
        "object_id": asked.object_id,
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if asked.seller:
        rows = rows.filter(seller_id=whole_number(asked.seller) or 0)  # no row has the key 0
    if asked.refused:
        rows = rows.filter(outcome__in=[Outcome.REFUSED, Outcome.FAILED])
    if asked.since is not None:
        rows = rows.filter(at__gte=asked.since)
    return rows if asked.until is None else rows.filter(at__lt=asked.until)


def search(asked: LogFilter, *, after: str = "", size: int = SIZE) -> Page[Entry]:
    """``after``: time and key of the last row that was seen; one that means nothing starts at the top."""
    rows = _rows(asked)
    if (last := _place(after)) is not None:
        at, pk = last
        rows = rows.filter(Q(at__lt=at) | Q(at=at, pk__lt=pk), at__lte=at)
    found = list(rows[: size + 1])
    more = len(found) > size
    return Page(found[:size], _key(found[size - 1]) if more else "")


def _key(one: Entry) -> str:
    return f"{int(one.at.timestamp() * 1_000_000)}.{one.pk}"


def _place(after: str) -> tuple[datetime, int] | None:
    left, _dot, right = after.partition(".")
    micros, pk = whole_number(left), whole_number(right)
    if micros is None or pk is None or not 0 <= micros < 253_402_300_799_000_000:  # the year 9999
        return None
    seconds, rest = divmod(micros, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest), pk


def exported(asked: LogFilter, *, most: int) -> Iterator[Sequence[Entry]]:
    """The same rows, the newest first, a batch at a time; ``most`` of them at all."""
    after, left = "", most
    while left > 0:
        found = search(asked, after=after, size=min(BATCH, left))
        if found.rows:
            yield found.rows
        left -= len(found.rows)
        after = found.next_key
        if not after:
            return


def find_entry(pk: int) -> Entry | None:
    return Entry.objects.filter(pk=pk).first()


def clearance_until() -> datetime | None:
    """Up to when entries were deleted because they were old; None: nothing ever was."""
    return Clearance.objects.order_by("-before").values_list("before", flat=True).first()
