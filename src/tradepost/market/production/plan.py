"""When a call is tried again: a pure function over values; the rule comes from the protocol version's folder."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from tradepost.protocols.commands import CallResult, Done, Fault, Pending, Rejected, Unreachable
from tradepost.protocols.contract import RetryRule

JITTER = 0.05
"""Waits grow by up to this share at random, so that a server that comes back is not met by everybody at once."""


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
    """When to try again, or None when done, refused for good, or out of time.

    ``tries`` counts the attempts made, ``chance`` is from [0, 1). The last try is exactly at the end of the plan,
    whatever the jitter did before. A try that our own worker lost is repeated at once.
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
            wait = rule.wait(tries, pending=isinstance(result, Pending))
            return min(now + wait * (1 + JITTER * chance), give_up_at)


class Probing(Struct, frozen=True):
    """How probes are made (saas-v2 §6, where tries are not told: settings). ``share``: of the places for calls, of a worker
    and of a seller alike, that probes may take; at least one."""

    tries: int = 3
    gap: timedelta = timedelta(minutes=10)
    share: float = 0.1

    def places(self, of: int) -> int:
        return max(1, int(of * self.share))


def next_probe(probing: Probing, *, passed: bool, tries: int, now: datetime, give_up_at: datetime) -> datetime | None:
    """When a probe is tried again: not once it passed, nor after its last try, nor past the end of its slot. One that our own
    worker lost is a try like the others: it is never held against the seller."""
    due = now + probing.gap
    return None if passed or tries >= probing.tries or due > give_up_at else due


class AccessCalls(Struct, frozen=True):
    """Limits of the calls that ask for access data while a buyer looks at a service (saas-v2 §3.2).

    ``within``: how long the call may take, and how long it may wait before it is sent. ``every``: the shortest time between
    two questions about one service. ``at_once``: open calls of all workers together; ``per_seller``: of one seller.
    """

    within: timedelta = timedelta(seconds=2)
    every: timedelta = timedelta(minutes=1)
    at_once: int = 16
    per_seller: int = 4


ACCESS = AccessCalls()
