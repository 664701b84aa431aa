"""Events of servers."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.base.events import event


@event("task_ended", about=("server",))
class TaskEnded(Struct, frozen=True, kw_only=True):
    """A task in the cloud is done or was given up. ``owner``: key of the operation that waits for it."""

    task: int
    server: int
    owner: int | None
    done: bool
    at: datetime


@event("server_changed", about=("server",))
class ServerChanged(Struct, frozen=True, kw_only=True):
    """The state, image or address of a server changed."""

    server: int
    at: datetime
