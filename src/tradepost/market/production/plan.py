"""Compute retries of a call (pure functions); the rules come from the folder of the protocol version."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from tradepost.protocols.commands import CallResult, Done, Fault, Pending, Rejected, Unreachable
from tradepost.protocols.contract import RetryRule

JITTER = 0.05
"""Maximum random extension of a delay, so that a recovered server does not receive all calls at once."""


def next_attempt(
    result: CallResult,
    rule: RetryRule,
    *,
    tries: int,
    now: datetime,
    give_up_at: datetime,
    chance: float,
    retry_after: timedelta | None = None,
) -> datetime | None:
    """Return the next attempt; None if done, refused for good, or out of time.

    ``tries``: attempts made; ``chance``: from [0, 1). The last attempt is exactly at the end of the plan. An attempt
    lost by our worker is repeated at once.
    """
    match result:
        case Done() | Rejected(retryable=False):
            return None
        case Pending() if rule.promises:
            return None
        case _ if now >= give_up_at:
            return None
        case Unreachable(fault=Fault.LOST):
            return now
        case Unreachable() if retry_after is not None:
            return min(now + max(retry_after, timedelta(seconds=1)), give_up_at)
        case _:
            delay = rule.wait(tries, pending=isinstance(result, Pending))
            return min(now + delay * (1 + JITTER * chance), give_up_at)


class Probing(Struct, frozen=True):
    """Settings of probes (saas-v2 §6, which does not define retries). ``share``: maximum share of the call places of a
    worker and of a seller; at least one."""

    tries: int = 3
    gap: timedelta = timedelta(minutes=10)
    share: float = 0.1

    def places(self, capacity: int) -> int:
        return max(1, int(capacity * self.share))


def next_probe(probing: Probing, *, passed: bool, tries: int, now: datetime, give_up_at: datetime) -> datetime | None:
    """Return the next attempt of a probe; None after success, the last attempt or the end of the slot. An attempt lost
    by our worker counts, but never against the seller."""
    due_at = now + probing.gap
    return None if passed or tries >= probing.tries or due_at > give_up_at else due_at


class AccessCalls(Struct, frozen=True):
    """Limits of calls for access data while a buyer opens a service (saas-v2 §3.2).

    ``within``: maximum duration, and maximum delay before sending. ``every``: minimum interval per service.
    ``at_once``: open calls of all workers; ``per_seller``: of one seller.
    """

    within: timedelta = timedelta(seconds=2)
    every: timedelta = timedelta(minutes=1)
    at_once: int = 16
    per_seller: int = 4


ACCESS_LIMITS = AccessCalls()
