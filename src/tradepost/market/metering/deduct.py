"""What usage takes from packages: pure. Usage in the order of its time, quotas in the order of their ends; only what is left
over costs something (business-rules §3.2; design money.md §4).

The order in which records come, and how they are batched, changes nothing: whoever adds usage in the past deducts anew from
there on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct


class Window(Struct, frozen=True, kw_only=True):
    """A time over which a package holds an amount: its whole time, or one of those after which it is full again.

    ``ends_at``: None where it never ends. ``until``: where its package was closed before that; usage from then on takes
    nothing of it.
    """

    pk: int
    package: int
    starts_at: datetime
    ends_at: datetime | None
    left: int
    """In ten-thousandths of a unit, before the usage that is deducted now."""
    until: datetime | None = None

    def covers(self, at: datetime) -> bool:
        over = [moment for moment in (self.ends_at, self.until) if moment is not None]
        return self.starts_at <= at and all(at < moment for moment in over)

    @property
    def order(self) -> tuple[bool, datetime, int]:
        """The one that ends first is taken from first; of those that end together the older one."""
        return self.ends_at is None, self.ends_at or self.starts_at, self.pk


class Use(NamedTuple):
    """What was used from ``at`` on, counted there as a whole. ``named``: the only package that it takes from."""

    key: int
    at: datetime
    named: int | None
    quantity: int

    @property
    def order(self) -> tuple[datetime, int, int]:
        return self.at, self.named or 0, self.key


class Taken(NamedTuple):
    use: int
    window: int
    quantity: int


def deduct(windows: Iterable[Window], uses: Iterable[Use]) -> list[Taken]:
    """What each use takes from which window. What is not taken is left over."""
    ordered = sorted(windows, key=lambda window: window.order)
    left = {window.pk: window.left for window in ordered}
    taken = []
    for use in sorted(uses, key=lambda use: use.order):
        rest = use.quantity
        for window in ordered:
            if rest <= 0:
                break
            if not window.covers(use.at) or use.named not in {None, window.package}:
                continue
            if part := min(rest, left[window.pk]):
                left[window.pk] -= part
                rest -= part
                taken.append(Taken(use.key, window.pk, part))
    return taken


def counted_at(begin_at: datetime, accumulation_start: datetime, edges: Sequence[datetime]) -> datetime:
    """Where usage is counted that began at ``begin_at``: at the beginning of its hour, or where a window begins or ends, or
    a time that usage adds up over begins, within that hour before it."""
    hour = begin_at.replace(minute=0, second=0, microsecond=0)
    return max(hour, accumulation_start, *(edge for edge in edges if edge <= begin_at))
