"""What a worker does about servers and images; ``wiring`` puts it beside the rest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from tradepost.market.base import clock, jobs, leased_jobs
from tradepost.market.base.events import on
from tradepost.market.compute import observe, orphans, tasks
from tradepost.market.compute.contract import Inventory
from tradepost.market.compute.events import ServerChanged, TaskEnded
from tradepost.market.compute.registry import cloud
from tradepost.market.fulfilment import cloud_ended

from . import meter
from .reactions import on_order_completed, on_server_changed, on_service_released

__all__ = ["LEASED_TASKS", "REACTIONS", "TASKS", "begin", "on_order_completed", "on_service_released"]


def count_hours(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Each hour, while any server runs an image of the market."""
    zone = timezone.get_default_timezone()
    if not isinstance(zone, ZoneInfo):
        raise TypeError("the market's zone is a ZoneInfo")
    return meter.run(payload, now, zone=zone)


def look_at_servers(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    return observe.run(payload, now, clouds=cloud)


def look_for_orphans(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    return orphans.run(payload, now, current=settings.CLOUD)


def orphan_grace() -> timedelta | None:
    hours = settings.COMPUTE["orphan_hours"]
    return timedelta(hours=hours) if hours else None


def begin(now: datetime) -> None:
    """When a worker starts: what has to be counted and looked at has its timer."""
    meter.schedule(now)
    if settings.CLOUD:
        adapter = cloud(settings.CLOUD)
        observe.schedule(settings.CLOUD, adapter.observe_every, now=now)
        if isinstance(adapter, Inventory) and adapter.observe_every is not None:
            orphans.schedule(settings.CLOUD, now=now)


REACTIONS = (on(TaskEnded, cloud_ended.on_task_ended), on(ServerChanged, on_server_changed))
"""Of events that nobody else reacts to."""
TASKS: Mapping[str, jobs.Task] = {
    meter.TIMER: count_hours,
    observe.TIMER: look_at_servers,
    orphans.TIMER: look_for_orphans,
}
LEASED_TASKS: leased_jobs.LeasedTasks = {
    tasks.KIND: tasks.task(cloud),
    observe.KIND: observe.task(cloud),
    orphans.KIND: orphans.task(cloud, grace=orphan_grace, now=clock.now),
}
