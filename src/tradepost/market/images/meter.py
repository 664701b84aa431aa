"""Meter the healthy time of servers at five past each hour. Time without a period image becomes usage, in hours.

A transaction locks servers and meters them up to the last full hour. If the run dies, it is repeated; metered time is
never metered again.
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
from tradepost.market.metering.measured import MeasuredUsage

from .cut import CoveredTime, HealthyTime, Piece, cut, full_hour
from .models import ImageBinding, ImageTime

TIMER = "images.meter"
MINUTE = 5
BATCH_SIZE = 200
"""Number of servers metered per transaction."""


def schedule(now: datetime) -> None:
    """Schedule the timer if any server has unmetered time."""
    if Server.objects.filter(counting=True).exists():
        jobs.schedule(TIMER, "", due_at=next_moment(now))


def next_moment(now: datetime) -> datetime:
    """Return the first time at five past an hour after ``now``."""
    moment = full_hour(now) + timedelta(minutes=MINUTE)
    return moment if moment > now else moment + timedelta(hours=1)


def run(_payload: Mapping[str, Any], now: datetime, *, zone: ZoneInfo) -> datetime | None:
    """Timer: meter the next servers. Returns the next hour when all are metered, or None when nothing is left to
    meter."""
    if meter_servers(until=full_hour(now), zone=zone, now=now):
        return now
    return next_moment(now) if Server.objects.filter(counting=True).exists() else None


def meter_servers(*, until: datetime, zone: ZoneInfo, now: datetime, max_count: int = BATCH_SIZE) -> int:
    """Meter servers up to ``until`` and return their number."""
    servers = spans.unmetered_servers(until=until, max_count=max_count)
    if not servers:
        return 0
    healthy_times: defaultdict[tuple[int, int], list[HealthyTime]] = defaultdict(list)
    sellers: dict[int, int] = {}
    for span in spans.unmetered_spans(servers, until=until).filter(healthy=True).select_related("service"):
        healthy_times[span.server_id, span.service_id].append(_healthy_time(span))
        sellers[span.service_id] = span.service.seller_id
    since = {server.pk: server.counted_until for server in servers}
    covers = _covers({service for _server, service in healthy_times})
    pieces = [
        (server, service, piece)
        for (server, service), stretches in sorted(healthy_times.items())
        for piece in cut(stretches, covers.get(service, ()), since=since[server], until=until)
    ]
    _write(pieces, sellers, zone, now)
    spans.mark_metered(servers, until=until)
    return len(servers)


def _healthy_time(span: Span) -> HealthyTime:
    return HealthyTime(from_at=span.from_at, to_at=span.to_at)


def _covers(services: set[int]) -> dict[int, list[CoveredTime]]:
    """Return the time that period images cover by service: while bound and paid."""
    covers: defaultdict[int, list[CoveredTime]] = defaultdict(list)
    bindings = ImageBinding.objects.filter(covers__in=services).select_related("image__service")
    for binding in bindings.order_by("covers", "from_at"):
        ends = [at for at in (binding.to_at, binding.image.service.expires_at) if at is not None]
        if ends and binding.from_at < min(ends):
            covers[binding.covers_id].append(
                CoveredTime(image=binding.image_id, from_at=binding.from_at, to_at=min(ends))
            )
    return dict(covers)


def _write(pieces: Sequence[tuple[int, int, Piece]], sellers: Mapping[int, int], zone: ZoneInfo, now: datetime) -> None:
    charged_pieces = [
        (server, service, piece) for server, service, piece in pieces if piece.image is None and piece.quantity
    ]
    records = measured.store(
        [
            MeasuredUsage(
                seller=sellers[service], subscription=service, begin_at=piece.begin_at, end_at=piece.end_at, quantity=piece.quantity
            )
            for _server, service, piece in charged_pieces
        ],
        zone=zone, now=now,
    )  # fmt: skip
    by_window = {(record.subscription_id, record.begin_at): record.pk for record in records}
    rows.create(
        ImageTime(
            service_id=service, server_id=server, begin_at=piece.begin_at, end_at=piece.end_at, quantity=piece.quantity,
            image_id=piece.image, record_id=by_window.get((service, piece.begin_at)) if piece.image is None else None,
        )
        for server, service, piece in pieces
    )  # fmt: skip


def inconsistencies() -> list[str]:
    """Return inconsistencies. Each metered healthy moment must be either covered or charged, exactly once."""
    messages = []
    for server in Server.objects.filter(counted_until__isnull=False).order_by("pk"):
        until = server.counted_until or server.created_at
        counted_times = ImageTime.objects.filter(server=server).order_by("begin_at").values_list("begin_at", "end_at")
        healthy = Span.objects.filter(server=server, healthy=True, from_at__lt=until).order_by("from_at")
        expected_times = [(span.from_at, min(span.to_at or until, until)) for span in healthy]
        if _join_adjacent(list(counted_times)) != _join_adjacent(expected_times):
            messages.append(f"server {server.pk}: what was counted is not what ran healthily")
    return messages


def _join_adjacent(stretches: Sequence[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Join stretches that follow each other without a gap. Overlapping stretches remain separate."""
    joined_times: list[tuple[datetime, datetime]] = []
    for begin, end in stretches:
        if joined_times and joined_times[-1][1] == begin:
            joined_times[-1] = (joined_times[-1][0], end)
        else:
            joined_times.append((begin, end))
    return joined_times
