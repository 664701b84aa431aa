"""The lives of servers and of what is asked of the cloud about them."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .models import Server, Task

S, T = Server.Status, Task.Status


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

LIVING = (S.CREATING, S.RUNNING, S.BROKEN, S.STOPPED)
"""Of servers that are there, or about to be."""
THERE = (S.RUNNING, S.BROKEN, S.STOPPED)
