"""Deduct usage from packages: usage in order of its time, quotas in order of their end. Only the excess is charged
(business-rules §3.2; design money.md §4). Pure functions.

The result does not depend on the order or batching of records: usage added in the past repeats the deduction from there
on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct


class Window(Struct, frozen=True, kw_only=True):
    """Time during which a package holds a quota: its whole time, or the time until the next reset.

    ``ends_at``: None without an end. ``until``: earlier close of the package; later usage is not deducted from it.
    """

    pk: int
    package: int
    starts_at: datetime
    ends_at: datetime | None
    left: int
    """Ten-thousandths of a unit before this deduction."""
    until: datetime | None = None

    def covers(self, at: datetime) -> bool:
        ends = [moment for moment in (self.ends_at, self.until) if moment is not None]
        return self.starts_at <= at and all(at < moment for moment in ends)

    @property
    def order(self) -> tuple[bool, datetime, int]:
        """Sort key: the earliest end first, then the older window."""
        return self.ends_at is None, self.ends_at or self.starts_at, self.pk


class Use(NamedTuple):
    """Usage that counts as a whole at ``at``. ``named``: the only package to deduct from."""

    key: int
    at: datetime
    named: int | None
    quantity: int

    @property
    def order(self) -> tuple[datetime, int, int]:
        return self.at, self.named or 0, self.key


class Amount(NamedTuple):
    use: int
    window: int
    quantity: int


def deduct(windows: Iterable[Window], uses: Iterable[Use]) -> list[Amount]:
    """Return the deductions of each use from each window. The rest is excess."""
    ordered_windows = sorted(windows, key=lambda window: window.order)
    remaining = {window.pk: window.left for window in ordered_windows}
    deductions = []
    for use in sorted(uses, key=lambda use: use.order):
        excess = use.quantity
        for window in ordered_windows:
            if excess <= 0:
                break
            if not window.covers(use.at) or use.named not in {None, window.package}:
                continue
            if amount := min(excess, remaining[window.pk]):
                remaining[window.pk] -= amount
                excess -= amount
                deductions.append(Amount(use.key, window.pk, amount))
    return deductions


def counted_at(begin_at: datetime, accumulation_start: datetime, edges: Sequence[datetime]) -> datetime:
    """Return the time at which usage that began at ``begin_at`` counts: the start of its hour, or a later start or end
    of a window or accumulation within that hour."""
    hour = begin_at.replace(minute=0, second=0, microsecond=0)
    return max(hour, accumulation_start, *(edge for edge in edges if edge <= begin_at))
