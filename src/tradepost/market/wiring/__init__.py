"""Composition of a worker: event → reactions, timer → task, leased job → task, and the engine that runs them.

A module per publishing context lists the reactions to its events. Where a reaction needs this market's settings, that module
passes them.
"""

from __future__ import annotations

from .engine import setup
from .jobs import LEASED_TASKS
from .reactions import REACTIONS
from .timers import TASKS, TIMERS

__all__ = ["LEASED_TASKS", "REACTIONS", "TASKS", "TIMERS", "setup"]
