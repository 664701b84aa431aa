"""Queries for operators' pages about servers, failed cloud tasks and idle period images."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from tradepost.market.base.paging import Page, page
from tradepost.market.base.pk_times import between
from tradepost.market.compute.lifecycle import EXISTING_STATUSES
from tradepost.market.compute.models import SandboxServer, Server, Task
from tradepost.market.fulfilment.models import Operation
from tradepost.market.subscriptions.renewable import LIVE_STATUSES

from .models import ImageBinding, PeriodImage

PAGE = 25
MAX_SERVERS = 200
"""Maximum number of a buyer's servers in a selection."""


def servers(
    *, status: str = "", since: datetime | None = None, until: datetime | None = None, after: str = "", size: int = PAGE
) -> Page[Server]:
    """Return a page of servers, newest first."""
    rows = between(Server.objects.all(), "created_at", since, until).select_related("buyer", "service__product")
    return page(rows.filter(status=status) if status in Server.Status.values else rows, after=after, size=size)


def find_server(pk: int) -> Server | None:
    return Server.objects.select_related("buyer", "service__product", "service__seller").filter(pk=pk).first()


def tasks_of(server: Server, *, after: str = "") -> Page[Task]:
    return page(Task.objects.filter(server=server).select_related("operation"), after=after, size=PAGE)


def failed_tasks() -> QuerySet[Task]:
    """Return failed tasks that no operation waits for. An operator restarts them."""
    unowned_tasks = Task.objects.filter(status=Task.Status.GAVE_UP, owner=None)
    return unowned_tasks.select_related("server__buyer").order_by("pk")


def unknown_servers() -> QuerySet[Server]:
    """Return existing servers that the cloud does not know, in a place where that proves nothing."""
    unknown = Server.objects.filter(unknown_since__isnull=False, status__in=EXISTING_STATUSES)
    return unknown.select_related("buyer").order_by("pk")


def operation_of(task: Task) -> Operation | None:
    return Operation.objects.filter(task=task).first()


def sandbox_server(server: Server) -> SandboxServer | None:
    """Return the sandbox's row for a server, if it is in the sandbox cloud."""
    return SandboxServer.objects.filter(token=server.provider_id).first() if server.provider_id else None


def bindings_of(server: Server) -> list[ImageBinding]:
    bindings = ImageBinding.objects.filter(server=server).select_related("image__service__product")
    return list(bindings.order_by("-pk")[:PAGE])


def idle_images() -> QuerySet[PeriodImage]:
    """Return idle period images, the longest idle first."""
    idle_rows = PeriodImage.objects.filter(status=PeriodImage.Status.IDLE)
    return idle_rows.select_related("service__buyer", "service__product").order_by("idle_since", "service")


def find_image(pk: int) -> PeriodImage | None:
    images = PeriodImage.objects.select_related("service__buyer", "service__product", "service__offer__sku__spec")
    return images.filter(service__pk=pk).first()  # not ``pk``, because Django does not check the range of numbers there


def coverable_servers(image: PeriodImage) -> list[Server]:
    """Return the buyer's servers that the image could cover: they run its image and have no period image."""
    servers = Server.objects.filter(
        buyer=image.service.buyer_id, status__in=EXISTING_STATUSES, service__status__in=LIVE_STATUSES,
        service__offer__sku__spec=image.service.offer.sku.spec_id,
    ).exclude(pk__in=ImageBinding.objects.filter(to_at=None).values("server"))  # fmt: skip
    return list(servers.order_by("name", "pk")[:MAX_SERVERS])


def history(image: PeriodImage) -> list[ImageBinding]:
    return list(ImageBinding.objects.filter(image=image).select_related("server").order_by("-pk")[:PAGE])
