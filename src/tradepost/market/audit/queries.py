"""Queries of the audit log by actor, act, object and time. Each uses an index and returns the newest entries first."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db.models import Q, QuerySet
from msgspec import Struct

from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page, next_key, order_of

from .models import Clearance, Entry, Outcome

PAGE_SIZE = 50


class LogFilter(Struct, frozen=True, kw_only=True):
    """Criteria of a search; empty fields match everything.

    ``since`` is inclusive, ``until`` exclusive. ``refused``: only acts that were refused or failed.
    """

    actor: str = ""
    act: str = ""
    object_kind: str = ""
    object_id: str = ""
    seller: str = ""
    refused: bool = False
    since: datetime | None = None
    until: datetime | None = None


def _rows(criteria: LogFilter) -> QuerySet[Entry]:
    rows = Entry.objects.all()
    exact = {
        "actor_text": criteria.actor,
        "act": criteria.act,
        "object_kind": criteria.object_kind,
        "object_id": criteria.object_id,
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if criteria.seller:
        rows = rows.filter(seller_id=whole_number(criteria.seller) or 0)  # no row has the key 0
    if criteria.refused:
        rows = rows.filter(outcome__in=[Outcome.REFUSED, Outcome.FAILED])
    if criteria.since is not None:
        rows = rows.filter(at__gte=criteria.since)
    return rows if criteria.until is None else rows.filter(at__lt=criteria.until)


def search(criteria: LogFilter, *, after: str = "", size: int = PAGE_SIZE) -> Page[Entry]:
    """Return a page of entries. ``after``: the key of the last row of the previous page; an invalid key returns the
    first page."""
    oldest, key = order_of(after)
    rows = _rows(criteria).order_by(*(("at", "pk") if oldest else ("-at", "-pk")))
    if (position := _position(key)) is not None:
        at, pk = position
        comparison = "gt" if oldest else "lt"
        rows = rows.filter(
            Q(**{f"at__{comparison}": at}) | Q(**{"at": at, f"pk__{comparison}": pk}), **{f"at__{comparison}e": at}
        )
    entries = list(rows[: size + 1])
    has_more = len(entries) > size
    return Page(entries[:size], next_key(_key(entries[size - 1]), oldest=oldest) if has_more else "")


def _key(entry: Entry) -> str:
    return f"{int(entry.at.timestamp() * 1_000_000)}.{entry.pk}"


def _position(after: str) -> tuple[datetime, int] | None:
    micros_text, _dot, pk_text = after.partition(".")
    micros, pk = whole_number(micros_text), whole_number(pk_text)
    if micros is None or pk is None or not 0 <= micros < 253_402_300_799_000_000:  # the year 9999
        return None
    seconds, microseconds = divmod(micros, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds), pk


def find_entry(pk: int) -> Entry | None:
    return Entry.objects.filter(pk=pk).first()


def clearance_until() -> datetime | None:
    """Return the time before which old entries were deleted, or None if none were deleted."""
    return Clearance.objects.order_by("-before").values_list("before", flat=True).first()
