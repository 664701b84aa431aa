"""How healthy time is cut into what is covered and what is charged: pure (business-rules §5; design money.md §4, §8).

Each stretch of a server's healthy time is cut where an hour begins and where a period image begins or ends to cover it. A piece
is covered if an image covers it, else it is charged: nothing is both, and nothing is neither. Hours that no image covers are
usage like any other, so that nothing special happens when an image runs out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

SCALE = 10_000
_HOUR = timedelta(hours=1)
_INSTANT = timedelta(microseconds=1)
_INSTANTS = _HOUR // _INSTANT


class Ran(Struct, frozen=True, kw_only=True):
    """Healthy time, half-open; ``to_at`` None where it goes on."""

    from_at: datetime
    to_at: datetime | None


class Covers(Struct, frozen=True, kw_only=True):
    """Time that a period image covers, half-open. Those of one service do not overlap."""

    image: int
    from_at: datetime
    to_at: datetime


class Piece(Struct, frozen=True, kw_only=True):
    """``image``: that covers it; None: it is charged. ``quantity``: ten-thousandths of an hour."""

    begin_at: datetime
    end_at: datetime
    image: int | None

    @property
    def quantity(self) -> int:
        return hours(self.end_at - self.begin_at)


def hours(length: timedelta) -> int:
    """Ten-thousandths of an hour, rounded half up."""
    return (2 * (length // _INSTANT) * SCALE + _INSTANTS) // (2 * _INSTANTS)


def full_hour(at: datetime) -> datetime:
    """The last full hour at or before."""
    return at.replace(minute=0, second=0, microsecond=0)


def cut(ran: Iterable[Ran], covers: Sequence[Covers], *, since: datetime | None, until: datetime) -> list[Piece]:
    """The pieces of [``since``, ``until``) in the order of time."""
    pieces = []
    for one in sorted(ran, key=lambda stretch: stretch.from_at):
        begin = one.from_at if since is None else max(one.from_at, since)
        end = until if one.to_at is None else min(one.to_at, until)
        if begin < end:
            pieces += list(_pieces(begin, end, covers))
    return pieces


def _pieces(begin: datetime, end: datetime, covers: Sequence[Covers]) -> Iterator[Piece]:
    edges = {edge for one in covers for edge in (one.from_at, one.to_at) if begin < edge < end}
    hour = full_hour(begin) + _HOUR
    while hour < end:
        edges.add(hour)
        hour += _HOUR
    at = begin
    for edge in [*sorted(edges), end]:
        image = next((one.image for one in covers if one.from_at <= at < one.to_at), None)
        yield Piece(begin_at=at, end_at=edge, image=image)
        at = edge
