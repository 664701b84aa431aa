"""Reactions to events of ``production``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tradepost.market.applications import run
from tradepost.market.base.events import on
from tradepost.market.base.outbox import batched
from tradepost.market.debugging import saved
from tradepost.market.fulfilment import advance, live_access
from tradepost.market.notifications import order_notice_reactions
from tradepost.market.notifications import reactions as notices
from tradepost.market.probes.judging import judge
from tradepost.market.production.events import BreakerOpened, CallEnded, CallFailed
from tradepost.market.production.models import Call
from tradepost.market.web.joint import sync_rules
from tradepost.market.web.watching import watch


@batched
def sync_calls_ended(events: Sequence[CallEnded], now: datetime) -> None:
    """Record the results of sync calls. Calls for other purposes have their own reactions."""
    run.on_call_ended(events, now, rules=sync_rules)


@batched
def judge_probes(events: Sequence[CallEnded], now: datetime) -> None:
    """Record the results of probes. Calls for other purposes have their own reactions."""
    judge([event.call for event in events if event.purpose == Call.Purpose.PROBE], watch=watch(), now=now)


REACTIONS = (
    on(
        CallEnded,
        advance.on_call_ended,
        live_access.on_call_ended,
        sync_calls_ended,
        saved.on_call_ended,
        judge_probes,
        order_notice_reactions.on_call_ended,
    ),
    on(CallFailed, notices.on_call_failed),
    on(BreakerOpened, notices.on_breaker_opened),
)
