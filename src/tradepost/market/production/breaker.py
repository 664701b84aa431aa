"""A circuit breaker per production address: pure rules; its state lies in the address's row, visible to all.

Closed, calls pass. After some exchanges in a row without an acceptable answer it opens: calls are held, so that a
dead server costs nothing. When the pause is over one call goes through as a trial; its answer closes or opens again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from tradepost.market.base.values import replace

from .models import Address

LONGEST_PAUSE = timedelta(minutes=15)
B = Address.Breaker


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
    """The server answered within the protocol (a well-formed refusal is an answer)."""
    return replace(before, state=B.CLOSED, failures=0, opened_at=None, trial_at=None)


def fail(before: BreakerState, rule: Rule, *, now: datetime) -> BreakerState:
    """The exchange failed. Pauses double with every failed trial, up to 15 minutes.

    A call that was open when the breaker opened, and fails after it, says nothing new.
    """
    if before.state == B.OPEN:
        return before
    failures = before.failures + 1
    if before.state == B.CLOSED and failures < rule.failures:
        return replace(before, failures=failures)
    extra = max(0, failures - rule.failures)
    pause = min(rule.pause * 2 ** min(extra, 16), LONGEST_PAUSE)
    return BreakerState(B.OPEN, failures, before.opened_at or now, now + pause)
