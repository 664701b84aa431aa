"""What operators see of servers, of what the cloud did not do, and of period images that cover nothing."""

from __future__ import annotations

from django.db.models import QuerySet

from tradepost.market.base.paging import Page, page
from tradepost.market.compute.lifecycle import THERE
from tradepost.market.compute.models import SandboxServer, Server, Task
from tradepost.market.fulfilment.models import Operation
from tradepost.market.subscriptions.renewable import LIVING

from .models import ImageBinding, PeriodImage

PAGE = 25
MOST_SERVERS = 200
"""Of one buyer, to choose from."""


def servers(*, status: str = "", after: str = "") -> Page[Server]:
    """Newest first."""
    found = Server.objects.filter(status=status) if status in Server.Status.values else Server.objects.all()
    return page(found.select_related("buyer", "service__product"), after=after, size=PAGE)


def find_server(pk: int) -> Server | None:
    return Server.objects.select_related("buyer", "service__product", "service__seller").filter(pk=pk).first()


def tasks_of(server: Server, *, after: str = "") -> Page[Task]:
    return page(Task.objects.filter(server=server).select_related("operation"), after=after, size=PAGE)


def given_up() -> QuerySet[Task]:
    """What the cloud did not do and no operation waits for: a person asks for it again."""
    alone = Task.objects.filter(status=Task.Status.GAVE_UP, owner=None)
    return alone.select_related("server__buyer").order_by("pk")


def operation_of(task: Task) -> Operation | None:
    return Operation.objects.filter(task=task).first()


def sandbox_server(server: Server) -> SandboxServer | None:
    """The row that a sandbox keeps in place of a cloud."""
    return SandboxServer.objects.filter(token=server.provider_id).first() if server.provider_id else None


def bindings_of(server: Server) -> list[ImageBinding]:
    found = ImageBinding.objects.filter(server=server).select_related("image__service__product")
    return list(found.order_by("-pk")[:PAGE])


def idle_images() -> QuerySet[PeriodImage]:
    """The longest idle first, by their index."""
    idle = PeriodImage.objects.filter(status=PeriodImage.Status.IDLE)
    return idle.select_related("service__buyer", "service__product").order_by("idle_since", "service")


def find_image(pk: int) -> PeriodImage | None:
    found = PeriodImage.objects.select_related("service__buyer", "service__product", "service__offer__sku__spec")
    return found.filter(service__pk=pk).first()  # not pk: of that Django bounds no number from outside


def fitting(image: PeriodImage) -> list[Server]:
    """Servers of its buyer that it could cover: they run its image, and no other covers them."""
    found = Server.objects.filter(
        buyer=image.service.buyer_id, status__in=THERE, service__status__in=LIVING,
        service__offer__sku__spec=image.service.offer.sku.spec_id,
    ).exclude(pk__in=ImageBinding.objects.filter(to_at=None).values("server"))  # fmt: skip
    return list(found.order_by("name", "pk")[:MOST_SERVERS])


def history(image: PeriodImage) -> list[ImageBinding]:
    return list(ImageBinding.objects.filter(image=image).select_related("server").order_by("-pk")[:PAGE])
