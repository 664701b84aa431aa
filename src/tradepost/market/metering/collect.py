"""Close collections: each record up to the watermark of its cycle is in exactly one (business-rules §4.8,
openapi-jointkit §C.5).

Hourly at :15, daily at 01:00, monthly on the 1st at 01:00 in the market's time zone. Later records go into the next
collection.
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
    """Collect all records accepted so far; None if there are no new ones. Concurrent calls wait for each other."""
    with transaction.atomic():
        locks.while_closing()
        after_id = watermark(cycle)
        upto_id = Record.objects.aggregate(upto=Max("pk"))["upto"] or 0
        if upto_id <= after_id:
            return None
        closed_collection = Collection.objects.create(cycle=cycle, after_id=after_id, upto_id=upto_id, closed_at=now)
        outbox.publish(CollectionClosed(collection=closed_collection.pk), now=now)
    return closed_collection


def watermark(cycle: str) -> int:
    """Return the key of the last collected record. Each collection begins where the previous one ended."""
    latest_end = Collection.objects.filter(cycle=cycle).order_by("-pk").values_list("upto_id", flat=True)
    return latest_end.first() or 0


def next_moment(cycle: str, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the first collection time of the cycle after ``now``."""
    local = now.astimezone(zone)
    if cycle == Cycle.HOUR:
        at = local.replace(minute=MINUTE, second=0, microsecond=0)
        # In UTC: when clocks go back, an hour occurs twice and is collected twice.
        moment = at.astimezone(now.tzinfo)
        return moment if moment > now else moment + timedelta(hours=1)
    at = local.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    if cycle == Cycle.MONTH:
        at = at.replace(day=1)
    while at.astimezone(now.tzinfo) <= now:
        at = (at.replace(day=28) + timedelta(days=4)).replace(day=1) if cycle == Cycle.MONTH else at + timedelta(days=1)
    return at.astimezone(now.tzinfo)


def schedule_collections(
    cycles: Iterable[str], *, now: datetime, zone: ZoneInfo, before: Sequence[rows.Statement] = ()
) -> None:
    """Schedule the next collection of these cycles. Call it under the lock under which their records are inserted.

    ``before``: statements to send in the same message.

    A timer exists only while records wait, so that a sandbox clock does not stop at every hour of a year. Inserts
    during a collection wait for its end (``locks``) and schedule the next one.
    """
    timers = [jobs.Timer(cycle, next_moment(cycle, now, zone), {"cycle": cycle}) for cycle in sorted(set(cycles))]
    jobs.schedule_all(TIMER, timers, before=before)


def schedule(now: datetime, zone: ZoneInfo) -> None:
    """Schedule the waiting cycles when a worker starts."""
    waiting_cycles = [
        cycle for cycle in Cycle.values if Record.objects.filter(cycle=cycle, pk__gt=watermark(cycle)).exists()
    ]
    schedule_collections(waiting_cycles, now=now, zone=zone)


def run(payload: Mapping[str, Any], now: datetime) -> None:
    """Timer of a cycle: close its collection."""
    close(payload["cycle"], now=now)
