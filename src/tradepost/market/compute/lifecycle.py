"""The states and transitions of servers, cloud tasks and orphan servers."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .models import OrphanServer, Server, Task

S, T, X = Server.Status, Task.Status, OrphanServer.Status


class ServerEvent(StrEnum):
    RUN = "run"
    BREAK = "break"
    STOP = "stop"
    RELEASE = "release"
    GIVE_UP = "give up"


SERVER: Lifecycle[Server.Status, ServerEvent] = Lifecycle(
    "server",
    {
        (S.CREATING, ServerEvent.RUN): S.RUNNING,
        (S.CREATING, ServerEvent.BREAK): S.BROKEN,
        (S.CREATING, ServerEvent.STOP): S.STOPPED,
        (S.CREATING, ServerEvent.GIVE_UP): S.FAILED,
        (S.RUNNING, ServerEvent.BREAK): S.BROKEN,
        (S.RUNNING, ServerEvent.STOP): S.STOPPED,
        (S.RUNNING, ServerEvent.RELEASE): S.RELEASED,
        (S.BROKEN, ServerEvent.RUN): S.RUNNING,
        (S.BROKEN, ServerEvent.STOP): S.STOPPED,
        (S.BROKEN, ServerEvent.RELEASE): S.RELEASED,
        (S.STOPPED, ServerEvent.RUN): S.RUNNING,
        (S.STOPPED, ServerEvent.BREAK): S.BROKEN,
        (S.STOPPED, ServerEvent.RELEASE): S.RELEASED,
    },
)


class TaskEvent(StrEnum):
    FINISH = "finish"
    GIVE_UP = "give up"
    RESTART = "restart"


TASK: Lifecycle[Task.Status, TaskEvent] = Lifecycle(
    "task",
    {
        (T.WAITING, TaskEvent.FINISH): T.DONE,
        (T.WAITING, TaskEvent.GIVE_UP): T.GAVE_UP,
        (T.GAVE_UP, TaskEvent.RESTART): T.WAITING,
    },
)


class OrphanEvent(StrEnum):
    KEEP = "keep"
    RELEASE = "release"
    END = "end"
    SETTLE = "settle"


ORPHAN: Lifecycle[OrphanServer.Status, OrphanEvent] = Lifecycle(
    "orphan",
    {
        (X.FOUND, OrphanEvent.KEEP): X.KEPT,
        (X.FOUND, OrphanEvent.RELEASE): X.RELEASING,
        (X.KEPT, OrphanEvent.RELEASE): X.RELEASING,
        (X.RELEASING, OrphanEvent.END): X.RELEASED,
        (X.FOUND, OrphanEvent.SETTLE): X.SETTLED,
        (X.KEPT, OrphanEvent.SETTLE): X.SETTLED,
    },
)

ACTIVE_STATUSES = (S.CREATING, S.RUNNING, S.BROKEN, S.STOPPED)
"""States of servers that exist or are being created."""
EXISTING_STATUSES = (S.RUNNING, S.BROKEN, S.STOPPED)
