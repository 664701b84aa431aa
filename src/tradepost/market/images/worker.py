"""Reactions, timers and leased tasks of servers and images for the worker, composed by ``wiring``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from tradepost.market.base import clock, jobs, leased_jobs
from tradepost.market.compute import observe, orphans, tasks
from tradepost.market.compute.contract import Inventory
from tradepost.market.compute.registry import cloud

from . import meter


def count_hours(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Timer: meter servers each hour while any server runs a market image."""
    zone = timezone.get_default_timezone()
    if not isinstance(zone, ZoneInfo):
        raise TypeError("the market's zone is a ZoneInfo")
    return meter.run(payload, now, zone=zone)


def observe_servers(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    return observe.run(payload, now, clouds=cloud)


def find_orphans(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    return orphans.run(payload, now, current=settings.CLOUD)


def orphan_grace() -> timedelta | None:
    hours = settings.COMPUTE["orphan_hours"]
    return timedelta(hours=hours) if hours else None


def begin(now: datetime) -> None:
    """Schedule metering and observation when a worker starts."""
    meter.schedule(now)
    if settings.CLOUD:
        adapter = cloud(settings.CLOUD)
        observe.schedule(settings.CLOUD, adapter.observe_every, now=now)
        if isinstance(adapter, Inventory) and adapter.observe_every is not None:
            orphans.schedule(settings.CLOUD, now=now)


TASKS: Mapping[str, jobs.Task] = {
    meter.TIMER: count_hours,
    observe.TIMER: observe_servers,
    orphans.TIMER: find_orphans,
}
LEASED_TASKS: leased_jobs.LeasedTasks = {
    tasks.KIND: tasks.task(cloud),
    observe.KIND: observe.task(cloud),
    orphans.KIND: orphans.task(cloud, grace=orphan_grace, now=clock.now),
}
