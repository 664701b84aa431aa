"""Record the time during which servers run images, and read the time that is not metered yet.

Metered time is final: a change reported later takes effect at the end of the metered time.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import F, Q, QuerySet

from .models import Server, Span

RUNNING_STATES = (Server.Status.RUNNING, Server.Status.BROKEN)


def update_spans(server: Server, *, at: datetime) -> datetime:
    """Start or end spans according to the server's status and service. The caller has locked the row.

    Returns the time from which the change applies.
    """
    at = max(at, server.counted_until or at)
    service = server.service_id if server.status in RUNNING_STATES else None
    healthy = server.status == Server.Status.RUNNING
    open_span = Span.objects.filter(server=server, to_at=None).first()
    if open_span is not None:
        if (open_span.service_id, open_span.healthy) == (service, healthy):
            return at
        _end(open_span, at)
    if service is not None:
        Span.objects.create(server=server, service_id=service, from_at=at, healthy=healthy)
        server.counting = True
        server.save(update_fields=["counting"])
    return at


def _end(span: Span, moment: datetime) -> None:
    """End a span; delete it if it would be empty."""
    if span.from_at >= moment:
        span.delete()
    else:
        span.to_at = moment
        span.save(update_fields=["to_at"])


def unmetered_servers(*, until: datetime, max_count: int) -> list[Server]:
    """Lock and return servers with unmetered time before ``until``. Servers locked by others are skipped."""
    waiting_servers = Server.objects.filter(Q(counted_until=None) | Q(counted_until__lt=until), counting=True)
    return list(waiting_servers.select_for_update(of=("self",), skip_locked=True).order_by("pk")[:max_count])


def unmetered_spans(servers: Collection[Server], *, until: datetime) -> QuerySet[Span]:
    """Return the spans of these servers that are not fully metered and began before ``until``."""
    is_uncounted = Q(to_at=None) | Q(server__counted_until=None) | Q(to_at__gt=F("server__counted_until"))
    return Span.objects.filter(is_uncounted, server__in=servers, from_at__lt=until).order_by("server", "from_at")


def mark_metered(servers: Collection[Server], *, until: datetime) -> None:
    """Mark the time before ``until`` as metered. Servers without an open span need no further metering."""
    pks = [server.pk for server in servers]
    Server.objects.filter(pk__in=pks).update(counted_until=until)
    still_open = Span.objects.filter(server__in=pks).filter(Q(to_at=None) | Q(to_at__gt=until)).values_list("server")
    Server.objects.filter(pk__in=pks).exclude(pk__in=still_open).update(counting=False)
