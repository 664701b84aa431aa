"""Events of monitoring products on sale."""

from __future__ import annotations

from datetime import date, datetime

from msgspec import Struct

from tradepost.market.base.events import event


@event("probe_slot_ended", about=("product",))
class ProbeSlotEnded(Struct, frozen=True, kw_only=True):
    """A slot changed the health of a product."""

    product: int
    day: date
    half: str
    verdict: str
    """``passed`` or ``failed``."""
    activity: str = ""
    """The first failed case, by its name on the wire."""
    address: int | None = None
    """Key of its address. A joint product has two."""
    reason: str = ""
    """Why it failed: a result code of its protocol, or the name of a fault."""
    failed: int = 0
    """Number of failed cases."""
    cases: int = 0
    failing_day: int = 0
    """Number of failing days in a row, including this one."""
    freeze_days: int = 0
    """Number of failing days until sales are frozen; 0 if days are not counted."""
    freezes_on: date | None = None
    """When sales will be frozen if nothing changes."""
    at: datetime


@event("probe_day_failed", about=("product",))
class ProbeDayFailed(Struct, frozen=True, kw_only=True):
    """A day of a product ended with the verdict failed."""

    product: int
    day: date
    streak: int
    """Number of failing days in a row, including this one."""
    freezes_on: date | None
    frozen: bool
    """Whether it caused a freeze of sales."""


@event("failed_orders_exceeded", about=("product",))
class FailedOrdersExceeded(Struct, frozen=True, kw_only=True):
    """More orders of a product failed in a month than permitted (business-rules §10). An operator decides."""

    product: int
    month: date
    """The first day of the month."""
    orders: int
    at: datetime
