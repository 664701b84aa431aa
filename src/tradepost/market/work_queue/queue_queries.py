"""Queries for the work queue: entries of all sources by due time, with their handling, and counts.

Each source returns its most urgent rows; the others are counted. Snoozed entries are excluded in the query, so that
they take no space on the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from msgspec import Struct, field

from tradepost.market.base.counting import Count, counts_up_to
from tradepost.market.identity.models import User
from tradepost.market.identity.operator_roles import IS_OPERATOR

from .contract import Clock, Entry, Source
from .models import Handling, HandlingChange
from .registry import sources

MAX_ENTRIES = 30
"""Maximum number of entries per source on a page."""
MAX_HANDLED_ENTRIES = 200
"""Maximum number of assigned or snoozed entries on a page."""
MAX_OPERATORS = 200
MAX_COUNTED = 99
"""Maximum number that the navigation counts."""


class QueueFilter(Struct, frozen=True, kw_only=True):
    """Filters; empty fields match everything. ``whose``: ``mine`` or ``nobody``. ``snoozed``: only snoozed entries."""

    source: str = ""
    whose: str = ""
    snoozed: bool = False


class QueuedEntry(Struct, frozen=True):
    """An entry with its handling."""

    entry: Entry
    handling: Handling | None
    late: bool
    snoozed: bool

    @property
    def assignee(self) -> User | None:
        return self.handling.assignee if self.handling is not None else None


type MayRead = Callable[[Source[Any]], bool]
"""Whether the reader's role includes a source."""


def _any_source(_source: Source[Any]) -> bool:
    return True


class Remainder(Struct, frozen=True):
    """The number of a source's entries beyond those on the page."""

    source: Source[Any]
    count: Count


class QueuePage(Struct, frozen=True):
    entries: Sequence[QueuedEntry]
    more: Sequence[Remainder] = field(default=())


def listed(filters: QueueFilter, *, reader: User, clock: Clock, reads: MayRead = _any_source) -> QueuePage:
    """Return entries by due time; those without one follow, by age. An unknown source has no entries."""
    chosen = [source for source in sources().values() if filters.source in {"", source.name} and reads(source)]
    if filters.snoozed or filters.whose == "mine":
        return QueuePage(_handled(chosen, filters, reader, clock))
    unassigned_only = filters.whose == "nobody"
    entries: list[Entry] = []
    remainders: list[Remainder] = []
    for source, count in _count_by_source(chosen, clock.now, unassigned=unassigned_only):
        if count:  # most sources have no entries and need no query
            entries += source.entries(
                list(_open_rows(source, clock.now, unassigned=unassigned_only)[:MAX_ENTRIES]), clock
            )
        if count > MAX_ENTRIES:
            remainders.append(Remainder(source, _remainder(count)))
    return QueuePage(_queued(entries, clock.now), remainders)


def _count_by_source(
    chosen: Sequence[Source[Any]], now: datetime, *, unassigned: bool = False
) -> list[tuple[Source[Any], Count]]:
    """Return the number of entries of each source, with one query."""
    if not chosen:
        return []
    entry_counts = counts_up_to(*(_open_rows(source, now, unassigned=unassigned) for source in chosen))
    return list(zip(chosen, entry_counts, strict=True))


def _remainder(count: Count) -> Count:
    remainder = Count(int(count) - MAX_ENTRIES)
    remainder.more = count.more
    return remainder


def _open_rows(source: Source[Any], now: datetime, *, unassigned: bool = False) -> QuerySet[Any]:
    """Return the source's rows without snoozed and, optionally, assigned entries."""
    handlings = Handling.objects.filter(source=source.name)
    is_hidden = Q(pk__in=handlings.filter(snoozed_until__gt=now).values("entry"))
    if unassigned:
        is_hidden |= Q(pk__in=handlings.filter(assignee__isnull=False).values("entry"))
    return source.rows().exclude(is_hidden)


def _handled(chosen: Iterable[Source[Any]], filters: QueueFilter, reader: User, clock: Clock) -> list[QueuedEntry]:
    """Return the reader's entries or snoozed entries, found through their handling."""
    handlings = Handling.objects.all()
    handlings = (
        handlings.filter(snoozed_until__gt=clock.now)
        if filters.snoozed
        else handlings.exclude(snoozed_until__gt=clock.now)
    )
    if filters.whose:
        handlings = handlings.filter(assignee=reader if filters.whose == "mine" else None)
    source_names = set(handlings.order_by().values_list("source", flat=True).distinct())
    entries: list[Entry] = []
    for source in chosen:
        if source.name in source_names:
            entry_keys = handlings.filter(source=source.name).values("entry")
            entries += source.entries(list(source.rows().filter(pk__in=entry_keys)[:MAX_HANDLED_ENTRIES]), clock)
    return _queued(entries, clock.now)


def _queued(entries: Iterable[Entry], now: datetime) -> list[QueuedEntry]:
    ordered_entries = sorted(entries, key=_by_clock)
    handlings_by_key = _handlings(ordered_entries)
    return [_queued_entry(entry, handlings_by_key.get(entry.key), now) for entry in ordered_entries]


def _by_clock(entry: Entry) -> tuple[bool, datetime, datetime, str]:
    return entry.due_at is None, entry.due_at or entry.since, entry.since, entry.key


def _queued_entry(entry: Entry, handling: Handling | None, now: datetime) -> QueuedEntry:
    is_late = entry.due_at is not None and entry.due_at < now
    until = handling.snoozed_until if handling is not None else None
    return QueuedEntry(entry, handling, is_late, until is not None and until > now)


def _handlings(entries: Sequence[Entry]) -> Mapping[str, Handling]:
    """Return the handling of these entries, with one query."""
    condition = Q(pk__in=[])
    for source in {entry.source for entry in entries}:
        condition |= Q(source=source, entry__in=[entry.pk for entry in entries if entry.source == source])
    return {handling.key: handling for handling in Handling.objects.filter(condition).select_related("assignee")}


def find(source: str, pk: int, clock: Clock, *, reads: MayRead = _any_source) -> QueuedEntry | None:
    """Return an entry, also a snoozed one; None if its row does not match or the source does not exist."""
    found_source = sources().get(source)
    found_source = found_source if found_source is not None and reads(found_source) else None
    rows = list(found_source.rows().filter(pk=pk)[:1]) if found_source is not None else []
    entries = found_source.entries(rows, clock) if found_source is not None else []
    return next(iter(_queued(entries, clock.now)), None)


def changes_of(handling: Handling | None, *, most: int = 50) -> Sequence[HandlingChange]:
    """Return the changes, latest first."""
    return list(handling.changes.order_by("-pk")[:most]) if handling is not None else []


def operators() -> Sequence[User]:
    """Return the operators to whom entries can be assigned."""
    return list(User.objects.filter(IS_OPERATOR, is_active=True).order_by("-pk")[:MAX_OPERATORS])


class WaitingCount(Struct, frozen=True):
    """The number of open entries of a source. ``first``: the most urgent entry, if requested."""

    source: Source[Any]
    count: Count
    first: Entry | None = None
    late: bool = False

    @property
    def by_clock(self) -> tuple[bool, datetime, datetime, str]:
        """Sort key of sources with a first entry."""
        if self.first is None:
            raise LookupError("nothing of this source was read")
        return _by_clock(self.first)


def waiting_count(now: datetime, *, reads: MayRead = _any_source) -> Count:
    """Return the number of entries in all sources, for the navigation, with one query."""
    entry_counts = counts_up_to(
        *(_open_rows(source, now) for source in sources().values() if reads(source)), most=MAX_COUNTED
    )
    total = Count(sum(int(source) for source in entry_counts), MAX_COUNTED)
    total.more = total.more or any(source.more for source in entry_counts)
    return total


def waiting_by_source(clock: Clock, *, with_first: bool = False, reads: MayRead = _any_source) -> list[WaitingCount]:
    """Return each source with its number of entries; ``with_first``: also the most urgent entry."""
    return [
        _waiting_with_first(source, count, clock) if with_first and count else WaitingCount(source, count)
        for source, count in _count_by_source(
            [candidate for candidate in sources().values() if reads(candidate)], clock.now
        )
    ]


def _waiting_with_first(source: Source[Any], count: Count, clock: Clock) -> WaitingCount:
    first_entry = next(iter(source.entries(list(_open_rows(source, clock.now)[:1]), clock)), None)
    is_late = first_entry is not None and first_entry.due_at is not None and first_entry.due_at < clock.now
    return WaitingCount(source, count, first_entry, is_late)
