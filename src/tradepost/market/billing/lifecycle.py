"""State transitions of arrears (business-rules §4.4): grace, frozen, deleted; paid at any time."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .models import Arrears

Status = Arrears.Status


class ArrearsEvent(StrEnum):
    FREEZE = "freeze"
    RELEASE = "release"
    PAY = "pay"


ARREARS: Lifecycle[Arrears.Status, ArrearsEvent] = Lifecycle(
    "arrears",
    {
        (Status.GRACE, ArrearsEvent.FREEZE): Status.FROZEN,
        (Status.FROZEN, ArrearsEvent.RELEASE): Status.RELEASED,
        (Status.GRACE, ArrearsEvent.PAY): Status.PAID,
        (Status.FROZEN, ArrearsEvent.PAY): Status.PAID,
        (Status.RELEASED, ArrearsEvent.PAY): Status.PAID,
    },
)
