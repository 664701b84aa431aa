"""Each hour at :05, count the healthy time of servers: what a period image covers is kept, the rest becomes usage (hours).

A server is counted up to the last full hour under its lock, in the transaction that writes what was counted: a run that dies
is repeated, and what was counted never again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tradepost.market.base import jobs, rows
from tradepost.market.compute import spans
from tradepost.market.compute.models import Server, Span
from tradepost.market.metering import measured
from tradepost.market.metering.measured import Measured

from .cut import Covers, Piece, Ran, cut, full_hour
from .models import ImageBinding, ImageTime

TIMER = "images.meter"
MINUTE = 5
SHARD = 200
"""Servers that are counted in one transaction."""


def schedule(now: datetime) -> None:
    """It stands while anything is to be counted."""
    if Server.objects.filter(counting=True).exists():
        jobs.schedule(TIMER, "", due_at=next_moment(now))


def next_moment(now: datetime) -> datetime:
    """The first :05 after ``now``."""
    at = full_hour(now) + timedelta(minutes=MINUTE)
    return at if at > now else at + timedelta(hours=1)


def run(_payload: Mapping[str, Any], now: datetime, *, zone: ZoneInfo) -> datetime | None:
    """Timer: the next servers; when all are counted up to this hour, the next hour; None when nothing is left to count."""
    if count(until=full_hour(now), zone=zone, now=now):
        return now
    return next_moment(now) if Server.objects.filter(counting=True).exists() else None


def count(*, until: datetime, zone: ZoneInfo, now: datetime, most: int = SHARD) -> int:
    """Count servers up to ``until``. Gives how many there were."""
    servers = spans.to_count(until=until, most=most)
    if not servers:
        return 0
    ran: defaultdict[tuple[int, int], list[Ran]] = defaultdict(list)
    sellers: dict[int, int] = {}
    for span in spans.spans_of(servers, until=until).filter(healthy=True).select_related("service"):
        ran[span.server_id, span.service_id].append(_ran(span))
        sellers[span.service_id] = span.service.seller_id
    since = {one.pk: one.counted_until for one in servers}
    covers = _covers({service for _server, service in ran})
    pieces = [
        (server, service, piece)
        for (server, service), stretches in sorted(ran.items())
        for piece in cut(stretches, covers.get(service, ()), since=since[server], until=until)
    ]
    _write(pieces, sellers, zone, now)
    spans.counted(servers, until=until)
    return len(servers)


def _ran(span: Span) -> Ran:
    return Ran(from_at=span.from_at, to_at=span.to_at)


def _covers(services: set[int]) -> dict[int, list[Covers]]:
    """What covers these: while it was bound, and paid."""
    found: defaultdict[int, list[Covers]] = defaultdict(list)
    bindings = ImageBinding.objects.filter(covers__in=services).select_related("image__service")
    for one in bindings.order_by("covers", "from_at"):
        ends = [at for at in (one.to_at, one.image.service.expires_at) if at is not None]
        if ends and one.from_at < min(ends):
            found[one.covers_id].append(Covers(image=one.image_id, from_at=one.from_at, to_at=min(ends)))
    return dict(found)


def _write(pieces: Sequence[tuple[int, int, Piece]], sellers: Mapping[int, int], zone: ZoneInfo, now: datetime) -> None:
    charged = [(server, service, one) for server, service, one in pieces if one.image is None and one.quantity]
    records = measured.store(
        [
            Measured(
                seller=sellers[service], subscription=service, begin_at=one.begin_at, end_at=one.end_at, quantity=one.quantity
            )
            for _server, service, one in charged
        ],
        zone=zone, now=now,
    )  # fmt: skip
    by_window = {(one.subscription_id, one.begin_at): one.pk for one in records}
    rows.create(
        ImageTime(
            service_id=service, server_id=server, begin_at=one.begin_at, end_at=one.end_at, quantity=one.quantity,
            image_id=one.image, record_id=by_window.get((service, one.begin_at)) if one.image is None else None,
        )
        for server, service, one in pieces
    )  # fmt: skip


def problems() -> list[str]:
    """What does not hold: each healthy moment that was counted is covered once or charged once."""
    found = []
    for server in Server.objects.filter(counted_until__isnull=False).order_by("pk"):
        until = server.counted_until or server.created_at
        counted = ImageTime.objects.filter(server=server).order_by("begin_at").values_list("begin_at", "end_at")
        healthy = Span.objects.filter(server=server, healthy=True, from_at__lt=until).order_by("from_at")
        ran = [(one.from_at, min(one.to_at or until, until)) for one in healthy]
        if _joined(list(counted)) != _joined(ran):
            found.append(f"server {server.pk}: what was counted is not what ran healthily")
    return found


def _joined(stretches: Sequence[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Those that follow each other without a gap, as one; what overlaps stays two."""
    joined: list[tuple[datetime, datetime]] = []
    for begin, end in stretches:
        if joined and joined[-1][1] == begin:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((begin, end))
    return joined
