"""Close collections: each record up to the watermark of its cycle is in exactly one (business-rules §4.8, openapi-jointkit §C.5).

Hourly at :15, daily at 01:00, monthly on the 1st at 01:00 in the market's zone: what comes later is in the next one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max

from tradepost.market.base import jobs, outbox, rows

from . import locks
from .events import CollectionClosed
from .models import Collection, Cycle, Record

TIMER = "metering.collect"
MINUTE, HOUR = 15, 1


def close(cycle: str, *, now: datetime) -> Collection | None:
    """Everything that was taken in until now; None when nothing came since the last one. Who closes at the same time waits."""
    with transaction.atomic():
        locks.while_closing()
        after = watermark(cycle)
        upto = Record.objects.aggregate(upto=Max("pk"))["upto"] or 0
        if upto <= after:
            return None
        closed = Collection.objects.create(cycle=cycle, after_id=after, upto_id=upto, closed_at=now)
        outbox.publish(CollectionClosed(collection=closed.pk), now=now)
    return closed


def watermark(cycle: str) -> int:
    """The key of the last record that was collected; that of the latest collection, since each goes on where one ended."""
    latest = Collection.objects.filter(cycle=cycle).order_by("-pk").values_list("upto_id", flat=True)
    return latest.first() or 0


def next_moment(cycle: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The first moment after ``now`` at which the cycle is collected."""
    local = now.astimezone(zone)
    if cycle == Cycle.HOUR:
        at = local.replace(minute=MINUTE, second=0, microsecond=0)
        # In UTC: where clocks are put back an hour comes twice, and is collected twice.
        found = at.astimezone(now.tzinfo)
        return found if found > now else found + timedelta(hours=1)
    at = local.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    if cycle == Cycle.MONTH:
        at = at.replace(day=1)
    while at.astimezone(now.tzinfo) <= now:
        at = (at.replace(day=28) + timedelta(days=4)).replace(day=1) if cycle == Cycle.MONTH else at + timedelta(days=1)
    return at.astimezone(now.tzinfo)


def expect(cycles: Iterable[str], *, now: datetime, zone: ZoneInfo, before: Sequence[rows.Statement] = ()) -> None:
    """These cycles are collected next when their time comes. Ask within the lock under which their records are inserted.
    ``before``: what goes to the database in the same message.

    A timer stands only while something waits for it, so that a sandbox's clock does not stop at each hour of a year. Who
    inserts while it runs waits for its end (``locks``), and then makes the next one.
    """
    timers = [jobs.Timer(cycle, next_moment(cycle, now, zone), {"cycle": cycle}) for cycle in sorted(set(cycles))]
    jobs.schedule_all(TIMER, timers, before=before)


def schedule(now: datetime, zone: ZoneInfo) -> None:
    """When a worker starts: what waits has its timer, whatever happened before."""
    waiting = [cycle for cycle in Cycle.values if Record.objects.filter(cycle=cycle, pk__gt=watermark(cycle)).exists()]
    expect(waiting, now=now, zone=zone)


def run(payload: Mapping[str, Any], now: datetime) -> None:
    """The timer of a cycle."""
    close(payload["cycle"], now=now)
