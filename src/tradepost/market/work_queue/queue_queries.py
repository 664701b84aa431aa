"""The queue as operators read it: entries of all sources by their clock, with what people added, and how many there are.

Each source gives a few of its most urgent rows; the rest is counted. What is put off is left out where the rows are read,
so that it takes no place of what is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from msgspec import Struct, field

from tradepost.market.base.counting import Count, counts_up_to
from tradepost.market.identity.models import User

from .contract import Clock, Entry, Source
from .models import Handling, HandlingChange
from .registry import sources

MOST = 30
"""Entries of one source on a page."""
MOST_HANDLED = 200
"""Entries that somebody has, or put off, on a page."""
MOST_OPERATORS = 200
MOST_WAITING = 99
"""What the navigation counts to."""


class QueueFilter(Struct, frozen=True, kw_only=True):
    """Empty means all. ``whose``: ``mine`` or ``nobody``. ``snoozed``: only what is put off, which is left out otherwise."""

    source: str = ""
    whose: str = ""
    snoozed: bool = False


class Queued(Struct, frozen=True):
    """An entry with what people added to it."""

    entry: Entry
    handling: Handling | None
    late: bool
    snoozed: bool

    @property
    def assignee(self) -> User | None:
        return self.handling.assignee if self.handling is not None else None


class More(Struct, frozen=True):
    """Entries of a source that are not on the page."""

    source: Source[Any]
    count: Count


class Listed(Struct, frozen=True):
    entries: Sequence[Queued]
    more: Sequence[More] = field(default=())


def listed(asked: QueueFilter, *, reader: User, clock: Clock) -> Listed:
    """By due time, what has none by its age behind that. A source that does not exist has nothing."""
    chosen = [one for one in sources().values() if asked.source in {"", one.name}]
    if asked.snoozed or asked.whose == "mine":
        return Listed(_handled(chosen, asked, reader, clock))
    nobodys = asked.whose == "nobody"
    entries: list[Entry] = []
    more: list[More] = []
    for source, count in _counted(chosen, clock.now, unassigned=nobodys):
        if count:  # most have none, and are not asked
            entries += source.entries(list(_open(source, clock.now, unassigned=nobodys)[:MOST]), clock)
        if count > MOST:
            more.append(More(source, _rest(count)))
    return Listed(_queued(entries, clock.now), more)


def _counted(
    chosen: Sequence[Source[Any]], now: datetime, *, unassigned: bool = False
) -> list[tuple[Source[Any], Count]]:
    """How much each has; one statement."""
    if not chosen:
        return []
    counted = counts_up_to(*(_open(one, now, unassigned=unassigned) for one in chosen))
    return list(zip(chosen, counted, strict=True))


def _rest(count: Count) -> Count:
    rest = Count(int(count) - MOST)
    rest.more = count.more
    return rest


def _open(source: Source[Any], now: datetime, *, unassigned: bool = False) -> QuerySet[Any]:
    """Its rows without what is put off, or what somebody has."""
    out = Handling.objects.filter(source=source.name)
    hidden = Q(pk__in=out.filter(snoozed_until__gt=now).values("entry"))
    if unassigned:
        hidden |= Q(pk__in=out.filter(assignee__isnull=False).values("entry"))
    return source.rows().exclude(hidden)


def _handled(chosen: Iterable[Source[Any]], asked: QueueFilter, reader: User, clock: Clock) -> list[Queued]:
    """What the reader has, or what is put off: found by what people added."""
    kept = Handling.objects.all()
    kept = kept.filter(snoozed_until__gt=clock.now) if asked.snoozed else kept.exclude(snoozed_until__gt=clock.now)
    if asked.whose:
        kept = kept.filter(assignee=reader if asked.whose == "mine" else None)
    named = set(kept.order_by().values_list("source", flat=True).distinct())
    entries: list[Entry] = []
    for source in chosen:
        if source.name in named:
            ours = kept.filter(source=source.name).values("entry")
            entries += source.entries(list(source.rows().filter(pk__in=ours)[:MOST_HANDLED]), clock)
    return _queued(entries, clock.now)


def _queued(entries: Iterable[Entry], now: datetime) -> list[Queued]:
    ordered = sorted(entries, key=_by_clock)
    handled = _handlings(ordered)
    return [_one(entry, handled.get(entry.key), now) for entry in ordered]


def _by_clock(entry: Entry) -> tuple[bool, datetime, datetime, str]:
    return entry.due_at is None, entry.due_at or entry.since, entry.since, entry.key


def _one(entry: Entry, handling: Handling | None, now: datetime) -> Queued:
    late = entry.due_at is not None and entry.due_at < now
    until = handling.snoozed_until if handling is not None else None
    return Queued(entry, handling, late, until is not None and until > now)


def _handlings(entries: Sequence[Entry]) -> Mapping[str, Handling]:
    """What people added to these, in one query."""
    mine = Q(pk__in=[])
    for source in {entry.source for entry in entries}:
        mine |= Q(source=source, entry__in=[entry.pk for entry in entries if entry.source == source])
    return {one.key: one for one in Handling.objects.filter(mine).select_related("assignee")}


def find(source: str, pk: int, clock: Clock) -> Queued | None:
    """One entry, put off or not; None where its fact does not stand (any more), or there is no such source."""
    known = sources().get(source)
    rows = list(known.rows().filter(pk=pk)[:1]) if known is not None else []
    entries = known.entries(rows, clock) if known is not None else []
    return next(iter(_queued(entries, clock.now)), None)


def changes_of(handling: Handling | None, *, most: int = 50) -> Sequence[HandlingChange]:
    """What was done to it, the latest first."""
    return list(handling.changes.order_by("-pk")[:most]) if handling is not None else []


def operators() -> Sequence[User]:
    """Whom an entry may be given to."""
    return list(User.objects.filter(is_operator=True, is_active=True).order_by("-pk")[:MOST_OPERATORS])


class Waiting(Struct, frozen=True):
    """How much of one source waits; ``late``: whether the most urgent one is overdue, where that was asked."""

    source: Source[Any]
    count: Count
    late: bool = False


def waiting_count(now: datetime) -> Count:
    """Of all sources, for the navigation; one statement."""
    counted = counts_up_to(*(_open(one, now) for one in sources().values()), most=MOST_WAITING)
    total = Count(sum(int(one) for one in counted), MOST_WAITING)
    total.more = total.more or any(one.more for one in counted)
    return total


def waiting_by_source(clock: Clock, *, with_late: bool = False) -> list[Waiting]:
    """Each source with how many wait. ``with_late`` asks those with some for their most urgent one."""
    return [
        Waiting(source, count, late=with_late and bool(count) and _is_late(source, clock))
        for source, count in _counted(list(sources().values()), clock.now)
    ]


def _is_late(source: Source[Any], clock: Clock) -> bool:
    entries = source.entries(list(_open(source, clock.now)[:1]), clock)
    return any(one.due_at is not None and one.due_at < clock.now for one in entries)
