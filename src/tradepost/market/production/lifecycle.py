"""State transitions of a call. The columns ``state`` and ``outcome`` form one of six statuses.

The engine moves calls in batches by its own statements (``claim``, ``record``, ``upkeep``). Each condition names the
source state; ``tests/market/production`` compares every move with this table.
"""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle
from tradepost.market.base.work import State

from .models import Call


class CallStatus(StrEnum):
    WAITING = "waiting"
    LEASED = "leased"
    HELD = "held"
    DONE = "done"
    GAVE_UP = "gave_up"
    CANCELLED = "cancelled"


class CallEvent(StrEnum):
    CLAIM = "claim"
    HOLD = "hold"
    FREE = "free"
    AGAIN = "again"
    LOST = "lost"
    SUCCEED = "succeed"
    GIVE_UP = "give up"
    CANCEL = "cancel"
    RESTART = "restart"


CALL: Lifecycle[CallStatus, CallEvent] = Lifecycle(
    "call",
    {
        (CallStatus.WAITING, CallEvent.CLAIM): CallStatus.LEASED,
        (CallStatus.WAITING, CallEvent.HOLD): CallStatus.HELD,
        (CallStatus.WAITING, CallEvent.CANCEL): CallStatus.CANCELLED,
        (CallStatus.WAITING, CallEvent.RESTART): CallStatus.WAITING,
        (CallStatus.HELD, CallEvent.FREE): CallStatus.WAITING,
        (CallStatus.HELD, CallEvent.CANCEL): CallStatus.CANCELLED,
        (CallStatus.HELD, CallEvent.RESTART): CallStatus.WAITING,
        (CallStatus.LEASED, CallEvent.AGAIN): CallStatus.WAITING,
        (CallStatus.LEASED, CallEvent.LOST): CallStatus.WAITING,
        (CallStatus.LEASED, CallEvent.SUCCEED): CallStatus.DONE,
        (CallStatus.LEASED, CallEvent.GIVE_UP): CallStatus.GAVE_UP,
        (CallStatus.GAVE_UP, CallEvent.RESTART): CallStatus.WAITING,
        (CallStatus.GAVE_UP, CallEvent.CANCEL): CallStatus.CANCELLED,
    },
)

_OPEN = {State.WAITING: CallStatus.WAITING, State.LEASED: CallStatus.LEASED, State.HELD: CallStatus.HELD}


def status_of(call: Call) -> CallStatus:
    return CallStatus(call.outcome) if call.outcome else _OPEN[State(call.state)]
