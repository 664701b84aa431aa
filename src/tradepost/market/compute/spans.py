"""The time during which servers ran images: written where a server changes, read where that time is billed.

What was counted does not change any more: a change that is known only afterwards begins where the counting had come to.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import F, Q, QuerySet

from .models import Server, Span

RUNS = (Server.Status.RUNNING, Server.Status.BROKEN)


def note(server: Server, *, at: datetime) -> datetime:
    """The span that goes on is the one that ``server`` says by its status and its service. The row is locked. Gives the moment
    from which that holds."""
    at = max(at, server.counted_until or at)
    service = server.service_id if server.status in RUNS else None
    healthy = server.status == Server.Status.RUNNING
    standing = Span.objects.filter(server=server, to_at=None).first()
    if standing is not None:
        if (standing.service_id, standing.healthy) == (service, healthy):
            return at
        _end(standing, at)
    if service is not None:
        Span.objects.create(server=server, service_id=service, from_at=at, healthy=healthy)
        server.counting = True
        server.save(update_fields=["counting"])
    return at


def _end(standing: Span, at: datetime) -> None:
    """One that would have no length never was."""
    if standing.from_at >= at:
        standing.delete()
    else:
        standing.to_at = at
        standing.save(update_fields=["to_at"])


def to_count(*, until: datetime, most: int) -> list[Server]:
    """Servers of which something before ``until`` is not counted, locked; those that somebody works on are passed over."""
    waiting = Server.objects.filter(Q(counted_until=None) | Q(counted_until__lt=until), counting=True)
    return list(waiting.select_for_update(of=("self",), skip_locked=True).order_by("pk")[:most])


def spans_of(servers: Collection[Server], *, until: datetime) -> QuerySet[Span]:
    """Of these, what is not counted yet and began before ``until``."""
    uncounted = Q(to_at=None) | Q(server__counted_until=None) | Q(to_at__gt=F("server__counted_until"))
    return Span.objects.filter(uncounted, server__in=servers, from_at__lt=until).order_by("server", "from_at")


def counted(servers: Collection[Server], *, until: datetime) -> None:
    """All that these ran before ``until`` is counted. Where nothing goes on, nothing is left to count."""
    pks = [one.pk for one in servers]
    Server.objects.filter(pk__in=pks).update(counted_until=until)
    going_on = Span.objects.filter(server__in=pks).filter(Q(to_at=None) | Q(to_at__gt=until)).values_list("server")
    Server.objects.filter(pk__in=pks).exclude(pk__in=going_on).update(counting=False)
