"""What the checks of one run have in common, however many of them are at work at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock, RLock
from typing import TYPE_CHECKING

from .instance_pool import InstancePool

if TYPE_CHECKING:
    from tradepost.protocols.commands import Command
    from tradepost.protocols.http import Request

    from .answers import Answer
    from .concurrency import ConcurrencyLimit
    from .http_client import HttpClient
    from .options import Options
    from .target import Target

LONGEST_WAIT = 10.0
"""Seconds that one refusal for coming too soon may ask to wait."""
WAITING_IN_ALL = 120.0


@dataclass(slots=True)
class Shared:
    """``clock`` gives the time, ``chance`` 32 or more fresh alphanumerics."""

    target: Target
    options: Options
    client: HttpClient
    concurrency: ConcurrencyLimit
    clock: Callable[[], datetime]
    chance: Callable[[], str]
    pool: InstancePool = field(default_factory=InstancePool)
    everything: list[Answer] = field(default_factory=list)
    """All answers of the run, for the checks that look for leaks."""
    created: dict[str, None] = field(default_factory=dict)
    """Ids to release at the end, so that a run leaves nothing behind."""
    accepts: bool = False
    """Whether an ordinary correct request was accepted before."""
    lock_seen: tuple[int, str] | None = None
    """Status and code of a refusal that the first correct request met: what meets it as well is told once."""
    real_works: bool | None = None
    """Whether a fresh instance can be queried, once it was tried."""
    announces: bool = False
    """Whether a creation was answered 000004: then more may come later than at once."""
    never_ready: bool = False
    """Whether an instance was waited for in vain: once is enough."""
    found: set[str] = field(default_factory=set)
    """Diagnoses so far, those found in parallel excepted."""
    in_parallel: bool = False
    """Whether checks are asked side by side now."""
    slow_streak: int = 0
    """How many answers in a row took too long, requests in a crowd excepted."""
    given_up: bool = False
    """Nothing more is asked of a seller that needs seconds for everything: a run would take hours."""
    stopped: bool = False
    """By hand: what is at work ends soon."""
    waited: float = 0
    """Seconds for which the seller had the run wait."""
    used: tuple[float, Request] | None = None
    """A request that was accepted, and when: one to send again."""
    offered: dict[type[Command], bool] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)
    memo: RLock = field(default_factory=RLock)
    """Held while something is found out that holds for the whole run. Taken before the lock of the pool."""

    def may_wait(self, seconds: float) -> bool:
        """Whether the run has the time, which is then counted."""
        with self.lock:
            if self.stopped or seconds > LONGEST_WAIT or self.waited + seconds > WAITING_IN_ALL:
                return False
            self.waited += seconds
            return True
