"""Events of operations."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.base.events import event


@event("operation_stopped", about=("operation", "call"))
class OperationStopped(Struct, frozen=True, kw_only=True):
    """The retry plan of its call is over without a refund; the operation waits for a restart by hand. ``call``: its
    last call."""

    operation: int
    call: int | None
    at: datetime


@event("hand_over_began", about=("line", "subscription"))
class HandOverBegan(Struct, frozen=True, kw_only=True):
    """A delivery by people began. ``line``: key of the order line."""

    line: int
    subscription: int
    at: datetime


@event("operator_acted", about=("subscription",))
class OperatorActed(Struct, frozen=True, kw_only=True):
    """An operator froze a service, lifted the freeze, or ended it. ``act``: freeze, lift or release. ``back_minor``:
    refund of the release, in the service's currency."""

    subscription: int
    act: str
    reason: str
    at: datetime
    back_minor: int = 0
