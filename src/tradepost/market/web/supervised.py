"""What comes by itself in supervised deliveries, with this market's settings: a part of ``wiring``'s tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tradepost.market.base.events import on
from tradepost.market.billing import collect_debt
from tradepost.market.fulfilment.events import HandOverBegan
from tradepost.market.licenses.events import CodeActivated, LicenseTold
from tradepost.market.notifications import supervision_reactions
from tradepost.market.orders.events import LineReduced
from tradepost.market.supervision import ended, happened, timers
from tradepost.market.supervision import open as supervision_open
from tradepost.market.supervision.events import SupervisionEnded

from .supervision_view import clocks_now


def begin_supervision(event: HandOverBegan, now: datetime) -> None:
    """People deliver what was paid."""
    supervision_open.on_hand_over_began(event, now, clocks=clocks_now())


def go_on_with_code(event: CodeActivated, now: datetime) -> None:
    """A code was activated."""
    happened.on_something(event.subscription, now, clocks=clocks_now())


def go_on_with_license(event: LicenseTold, now: datetime) -> None:
    """A license came, or is not granted."""
    happened.on_something(event.subscription, now, clocks=clocks_now())


def supervision_clock(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """The timer of a delivery."""
    return timers.tick(payload, now, clocks=clocks_now())


on_order_completed, on_order_refunded = ended.on_order_completed, ended.on_order_refunded
"""What becomes of a delivery that was accepted: others react to these, too."""
REACTIONS = (
    on(HandOverBegan, begin_supervision),
    on(CodeActivated, go_on_with_code),
    on(LicenseTold, go_on_with_license),
    on(LineReduced, collect_debt.on_order_refunded, supervision_reactions.on_line_reduced),
    on(SupervisionEnded, ended.release_what_ended_early, supervision_reactions.on_supervision_ended),
    *supervision_reactions.REACTIONS,
)
TASKS = {timers.TIMER: supervision_clock}
