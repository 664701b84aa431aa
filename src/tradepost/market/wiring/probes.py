"""Reactions to events of ``probes``."""

from __future__ import annotations

from tradepost.market.base.events import on
from tradepost.market.notifications.notify import notify
from tradepost.market.notifications.subjects import probes
from tradepost.market.probes.events import FailedOrdersExceeded, ProbeDayFailed, ProbeSlotEnded

REACTIONS = (
    on(ProbeSlotEnded, notify(probes.SLOT_ENDED)),
    on(ProbeDayFailed, notify(probes.DAY_FAILED)),
    on(FailedOrdersExceeded, notify(probes.FAILED_ORDERS_EXCEEDED)),
)
