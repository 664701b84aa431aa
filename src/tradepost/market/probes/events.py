"""What the watch over products finds."""

from __future__ import annotations

from datetime import date, datetime

from msgspec import Struct

from tradepost.market.base.events import event


@event("probe_slot_ended", about=("product",))
class ProbeSlotEnded(Struct, frozen=True, kw_only=True):
    """A slot changed how a product stands; of one that changed nothing nobody is told."""

    product: int
    day: date
    half: str
    verdict: str
    """``passed`` or ``failed``."""
    activity: str = ""
    """The first case that failed, by its word on the wire."""
    address: int | None = None
    """Key of the address where it did: a joint product is served at two."""
    reason: str = ""
    """Why: a result code of its protocol, or the name of a fault."""
    failed: int = 0
    """Cases that failed, of those that count."""
    cases: int = 0
    failing_day: int = 0
    """Which failing day in a row it is."""
    freeze_days: int = 0
    """After how many trading is frozen; 0 where days are not counted."""
    freezes_on: date | None = None
    """If nothing changes."""
    at: datetime


@event("probe_day_failed", about=("product",))
class ProbeDayFailed(Struct, frozen=True, kw_only=True):
    """A day of a product is over and failed."""

    product: int
    day: date
    streak: int
    """Failing days in a row with this one."""
    freezes_on: date | None
    frozen: bool
    """Whether trading was frozen by it."""


@event("failed_orders_exceeded", about=("product",))
class FailedOrdersExceeded(Struct, frozen=True, kw_only=True):
    """More orders of a product failed in a month than may (business-rules §10): an operator decides what follows."""

    product: int
    month: date
    """Its first day."""
    orders: int
    at: datetime
