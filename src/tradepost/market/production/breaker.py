"""Circuit breaker of a production address: pure rules; the state is stored with the address.

Closed, calls pass. After several failed exchanges in a row it opens and holds calls, so that a dead server costs
nothing. After a pause one call is sent as a trial; its result closes or reopens the breaker.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from tradepost.market.base.values import replace

from .models import Address

MAX_PAUSE = timedelta(minutes=15)
BreakerStatus = Address.Breaker


class Rule(Struct, frozen=True):
    failures: int
    pause: timedelta


class BreakerState(Struct, frozen=True):
    state: str
    failures: int
    opened_at: datetime | None
    trial_at: datetime | None

    @staticmethod
    def of(address: Address) -> BreakerState:
        return BreakerState(address.breaker, address.failures, address.opened_at, address.trial_at)


def succeed(before: BreakerState) -> BreakerState:
    """The server answered within the protocol; a well-formed refusal is an answer."""
    return replace(before, state=BreakerStatus.CLOSED, failures=0, opened_at=None, trial_at=None)


def fail(before: BreakerState, rule: Rule, *, now: datetime) -> BreakerState:
    """The exchange failed. Pauses double with every failed trial, up to 15 minutes.

    A failure of a call that was in flight when the breaker opened changes nothing.
    """
    if before.state == BreakerStatus.OPEN:
        return before
    failures = before.failures + 1
    if before.state == BreakerStatus.CLOSED and failures < rule.failures:
        return replace(before, failures=failures)
    extra_failures = max(0, failures - rule.failures)
    pause = min(rule.pause * 2 ** min(extra_failures, 16), MAX_PAUSE)
    return BreakerState(BreakerStatus.OPEN, failures, before.opened_at or now, now + pause)
