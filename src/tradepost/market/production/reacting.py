"""What the loop of the reactions does in its thread: events, timers, and of a sandbox the steps of its clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tradepost.market.base import clock, jobs, outbox
from tradepost.market.base.events import Reactions

from . import clock_steps

CLOCK = "clock"
"""The loop of the clock itself, by its name in the engine."""
LONGEST_TURN = 0.05
"""Seconds for which it goes from step to step before anybody else is asked."""


@dataclass(slots=True, kw_only=True)
class Reacting:
    """``idle``: whether this worker has no call open. ``sweep`` lets held calls through."""

    reactions: Reactions
    tasks: Mapping[str, jobs.Task]
    timers: clock_steps.Timers
    idle: Callable[[], bool]
    sweep: Callable[[datetime], object]
    clock_moves: bool = False
    """Whether a sandbox's clock was on its way at the last look."""
    _stepping: bool = False
    """Whether a turn is under way that takes the next step itself when its work is done."""
    _left: bool = False
    """Whether the clock's own loop left a step to that turn, which may have looked before."""

    def will_step(self) -> bool:
        """Whether a turn is under way after which the clock's own loop is woken, so that it need not look itself."""
        self._left = True  # first: a turn that ends just now sees it, or we see that it has ended
        return self._stepping

    def step(self) -> frozenset[str] | None:
        """As ``clock_steps.step`` says."""
        due = clock_steps.step(self.timers, idle=self.idle, sweep=self.sweep)
        self.clock_moves = due is not None
        return due

    def turn(self) -> tuple[bool, frozenset[str]]:
        """Whether there was something to react to, and the loops that have something to do now. While a sandbox's clock moves,
        the next step is taken here: mostly it leads to the next timer, and nobody else need be asked."""
        self._stepping, self._left = self.clock_moves, False
        try:
            did, due = self._turn(time.monotonic() + LONGEST_TURN)
        finally:
            self._stepping = False
        return did, due | {CLOCK} if self._left and not did else due

    def _turn(self, end: float) -> tuple[bool, frozenset[str]]:
        while True:
            now = clock.lately()
            did = outbox.dispatch(self.reactions, now=now) + jobs.run_due(self.tasks, now=now)
            if not self.clock_moves:
                return bool(did), frozenset({clock_steps.CLAIM} if did else ())
            if time.monotonic() > end:
                return True, frozenset()
            if did:
                continue
            due = self.step()
            if due is None or due != {clock_steps.REACT}:
                return False, due or frozenset()
