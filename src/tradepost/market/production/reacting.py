"""Work of the reaction loop in its thread: events, timers, and steps of a sandbox clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tradepost.market.base import clock, jobs, outbox
from tradepost.market.base.events import Reactions

from . import clock_steps

CLOCK = "clock"
"""Name of the clock loop in the engine."""
MAX_TURN = 0.05
"""Maximum seconds of consecutive steps before other loops are asked."""


@dataclass(slots=True, kw_only=True)
class Reacting:
    """State of the reaction loop. ``idle``: returns whether this worker has no open call. ``sweep``: releases held
    calls."""

    reactions: Reactions
    tasks: Mapping[str, jobs.Task]
    timers: clock_steps.Timers
    idle: Callable[[], bool]
    sweep: Callable[[datetime], object]
    clock_moves: bool = False
    """Whether a sandbox clock was moving at the last check."""
    _stepping: bool = False
    """Whether a turn is in progress that takes the next step itself."""
    _left: bool = False
    """Whether the clock loop left a step to that turn, which may have checked before."""

    def will_step(self) -> bool:
        """Return whether a turn in progress will wake the clock loop, so that it need not check itself."""
        self._left = True  # first: either an ending turn sees it, or we see that it has ended
        return self._stepping

    def step(self) -> frozenset[str] | None:
        """Take a step as ``clock_steps.step`` does."""
        due_at = clock_steps.step(self.timers, idle=self.idle, sweep=self.sweep)
        self.clock_moves = due_at is not None
        return due_at

    def turn(self) -> tuple[bool, frozenset[str]]:
        """Return whether there was work, and the loops with work now. While a sandbox clock moves, the next step is
        taken here, because it usually leads to the next timer."""
        self._stepping, self._left = self.clock_moves, False
        try:
            did_work, due_at = self._turn(time.monotonic() + MAX_TURN)
        finally:
            self._stepping = False
        return did_work, due_at | {CLOCK} if self._left and not did_work else due_at

    def _turn(self, end: float) -> tuple[bool, frozenset[str]]:
        while True:
            now = clock.cached_now()
            done_count = outbox.dispatch(self.reactions, now=now) + jobs.run_due(self.tasks, now=now)
            if not self.clock_moves:
                return bool(done_count), frozenset({clock_steps.CLAIM} if done_count else ())
            if time.monotonic() > end:
                return True, frozenset()
            if done_count:
                continue
            due_at = self.step()
            if due_at is None or due_at != {clock_steps.REACT}:
                return False, due_at or frozenset()
