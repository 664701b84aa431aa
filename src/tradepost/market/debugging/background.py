"""Leased jobs of this context: replay saved cases, *Debug all*, and run the full tester."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tradepost.market.base.leased_jobs import LeasedTasks
from tradepost.market.base.outbound_policy import OutboundPolicy

from . import debug_all, find_out, replay


def tasks(*, now: Callable[[], datetime], outbound: Callable[[], OutboundPolicy]) -> LeasedTasks:
    return {
        replay.KIND: replay.task(now=now),
        debug_all.KIND: debug_all.task(now=now),
        find_out.KIND: find_out.task(outbound=outbound),
    }
