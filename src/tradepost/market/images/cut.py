"""Split healthy time into covered and charged pieces. No I/O (business-rules §5; design money.md §4, §8).

A server's healthy time is split at each full hour and where a period image starts or stops to cover it. Each piece is
either covered by an image or charged. Hours without a period image are ordinary usage, so the end of an image needs no
special case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

SCALE = 10_000
_HOUR = timedelta(hours=1)
_INSTANT = timedelta(microseconds=1)
_INSTANTS = _HOUR // _INSTANT


class HealthyTime(Struct, frozen=True, kw_only=True):
    """Healthy time, half-open. ``to_at``: None while it continues."""

    from_at: datetime
    to_at: datetime | None


class CoveredTime(Struct, frozen=True, kw_only=True):
    """Time that a period image covers, half-open. Covered times of one service do not overlap."""

    image: int
    from_at: datetime
    to_at: datetime


class Piece(Struct, frozen=True, kw_only=True):
    """A part of the healthy time. ``image``: the image that covers it; None if it is charged. ``quantity``: 1/10,000
    hours."""

    begin_at: datetime
    end_at: datetime
    image: int | None

    @property
    def quantity(self) -> int:
        return hours(self.end_at - self.begin_at)


def hours(length: timedelta) -> int:
    """Return the length in ten-thousandths of an hour, rounded half up."""
    return (2 * (length // _INSTANT) * SCALE + _INSTANTS) // (2 * _INSTANTS)


def full_hour(at: datetime) -> datetime:
    """Return the last full hour at or before ``at``."""
    return at.replace(minute=0, second=0, microsecond=0)


def cut(
    ran: Iterable[HealthyTime], covers: Sequence[CoveredTime], *, since: datetime | None, until: datetime
) -> list[Piece]:
    """Return the pieces between ``since`` and ``until`` (exclusive), in order of time."""
    pieces = []
    for stretch in sorted(ran, key=lambda stretch: stretch.from_at):
        begin = stretch.from_at if since is None else max(stretch.from_at, since)
        end = until if stretch.to_at is None else min(stretch.to_at, until)
        if begin < end:
            pieces += list(_pieces(begin, end, covers))
    return pieces


def _pieces(begin: datetime, end: datetime, covers: Sequence[CoveredTime]) -> Iterator[Piece]:
    edges = {edge for cover in covers for edge in (cover.from_at, cover.to_at) if begin < edge < end}
    hour = full_hour(begin) + _HOUR
    while hour < end:
        edges.add(hour)
        hour += _HOUR
    at = begin
    for edge in [*sorted(edges), end]:
        image = next((cover.image for cover in covers if cover.from_at <= at < cover.to_at), None)
        yield Piece(begin_at=at, end_at=edge, image=image)
        at = edge
