"""Reactions to events of ``compute``."""

from __future__ import annotations

from tradepost.market.base.events import on
from tradepost.market.compute.events import ServerChanged, TaskEnded
from tradepost.market.fulfilment import cloud_ended
from tradepost.market.images import reactions as images

REACTIONS = (
    on(TaskEnded, cloud_ended.on_task_ended),
    on(ServerChanged, images.on_server_changed),
)
