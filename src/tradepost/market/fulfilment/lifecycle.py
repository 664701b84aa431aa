"""State transitions of an operation."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .models import Operation

OperationStatus = Operation.Status


class OperationEvent(StrEnum):
    START = "start"
    FINISH = "finish"
    GIVE_UP = "give up"
    STOP = "stop"
    DROP = "drop"
    RESTART = "restart"
    PAY_BACK = "pay back"


OPERATION: Lifecycle[OperationStatus, OperationEvent] = Lifecycle(
    "operation",
    {
        (OperationStatus.QUEUED, OperationEvent.START): OperationStatus.RUNNING,
        (OperationStatus.QUEUED, OperationEvent.DROP): OperationStatus.DROPPED,
        (OperationStatus.QUEUED, OperationEvent.GIVE_UP): OperationStatus.GAVE_UP,
        (OperationStatus.RUNNING, OperationEvent.FINISH): OperationStatus.DONE,
        (OperationStatus.RUNNING, OperationEvent.GIVE_UP): OperationStatus.GAVE_UP,
        (OperationStatus.RUNNING, OperationEvent.STOP): OperationStatus.STOPPED,
        (OperationStatus.RUNNING, OperationEvent.DROP): OperationStatus.DROPPED,
        (OperationStatus.STOPPED, OperationEvent.RESTART): OperationStatus.QUEUED,
        (OperationStatus.STOPPED, OperationEvent.PAY_BACK): OperationStatus.GAVE_UP,
        (OperationStatus.STOPPED, OperationEvent.DROP): OperationStatus.DROPPED,
    },
)
