"""What happened to operations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tradepost.market.base.events import event


@event("operation_stopped", about=("operation", "call"))
@dataclass(frozen=True, slots=True, kw_only=True)
class OperationStopped:
    """The plan of its call is over, and nothing was paid back: it waits for a restart by hand. ``call`` is its last one."""

    operation: int
    call: int | None
    at: datetime


@event("hand_over_began", about=("line", "subscription"))
@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverBegan:
    """What was paid is delivered by people. ``line``: key of the order line."""

    line: int
    subscription: int
    at: datetime


@event("operator_acted", about=("subscription",))
@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorActed:
    """An operator froze a service, lifted that, or ended it. ``act``: freeze, lift or release."""

    subscription: int
    act: str
    reason: str
    at: datetime
