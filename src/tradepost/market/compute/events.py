"""What happens to servers."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.base.events import event


@event("task_ended", about=("server",))
class TaskEnded(Struct, frozen=True, kw_only=True):
    """Something that was asked of the cloud was done, or given up. ``owner``: key of the operation that waits for it."""

    task: int
    server: int
    owner: int | None
    done: bool
    at: datetime


@event("server_changed", about=("server",))
class ServerChanged(Struct, frozen=True, kw_only=True):
    """It runs, is stopped or gone, or has another image or address than before."""

    server: int
    at: datetime
