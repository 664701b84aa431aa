"""What happens to servers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tradepost.market.base.events import event


@event("task_ended", about=("server",))
@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnded:
    """Something that was asked of the cloud was done, or given up. ``owner``: key of the operation that waits for it."""

    task: int
    server: int
    owner: int | None
    done: bool
    at: datetime


@event("server_changed", about=("server",))
@dataclass(frozen=True, slots=True, kw_only=True)
class ServerChanged:
    """It runs, stands still, is gone, or has another image than before."""

    server: int
    at: datetime
