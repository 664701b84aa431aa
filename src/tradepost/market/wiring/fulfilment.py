"""Reactions to events of ``fulfilment``."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base.events import on
from tradepost.market.fulfilment.events import HandOverBegan, OperationStopped, OperatorActed
from tradepost.market.notifications import operation_reactions, operator_reactions
from tradepost.market.supervision import open as supervision_open
from tradepost.market.web.supervision_view import clocks_now


def begin_supervision(event: HandOverBegan, now: datetime) -> None:
    """Begin the supervised delivery of a paid order line."""
    supervision_open.on_hand_over_began(event, now, clocks=clocks_now())


REACTIONS = (
    on(OperationStopped, operation_reactions.on_operation_stopped),
    on(OperatorActed, operator_reactions.on_operator_acted),
    on(HandOverBegan, begin_supervision),
)
