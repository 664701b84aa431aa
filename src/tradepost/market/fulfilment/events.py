"""What happened to operations."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.base.events import event


@event("operation_stopped", about=("operation", "call"))
class OperationStopped(Struct, frozen=True, kw_only=True):
    """The plan of its call is over, and nothing was paid back: it waits for a restart by hand. ``call`` is its last one."""

    operation: int
    call: int | None
    at: datetime


@event("hand_over_began", about=("line", "subscription"))
class HandOverBegan(Struct, frozen=True, kw_only=True):
    """What was paid is delivered by people. ``line``: key of the order line."""

    line: int
    subscription: int
    at: datetime


@event("operator_acted", about=("subscription",))
class OperatorActed(Struct, frozen=True, kw_only=True):
    """An operator froze a service, lifted that, or ended it. ``act``: freeze, lift or release. ``back_minor``: refunded by the
    release, in the currency of the service."""

    subscription: int
    act: str
    reason: str
    at: datetime
    back_minor: int = 0
