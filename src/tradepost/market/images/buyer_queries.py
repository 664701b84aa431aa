"""Queries for buyers' pages about servers and period images: state, progress and cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from tradepost.market.base.paging import Page, page
from tradepost.market.catalog.models import Offer
from tradepost.market.compute.contract import Login
from tradepost.market.compute.lifecycle import ACTIVE_STATUSES, EXISTING_STATUSES
from tradepost.market.compute.models import Server, Task
from tradepost.market.compute.tasks import PROGRESS_MESSAGES, login_of
from tradepost.market.identity.models import User
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.product_types.charging import modes_with
from tradepost.market.subscriptions.models import Subscription

from .models import ImageBinding, ImageTime, PeriodImage

PAGE = 25


class ServerView(Struct, frozen=True, kw_only=True):
    """A server as buyers see it. ``line``: the order line of its image, with the price per hour. ``binding``: of its
    period image."""

    server: Server
    line: OrderLine | None
    binding: ImageBinding | None
    task: Task | None
    """The task in progress."""
    gave_up: Task | None
    """The last task, if the cloud gave it up."""
    ordered: OrderLine | None = None
    """The order line of another image that will replace the disk."""

    @property
    def doing(self) -> str:
        """The progress message, as a message id."""
        return PROGRESS_MESSAGES[self.task.action] if self.task else ""

    @property
    def refunded(self) -> bool:
        """Whether the order for the failed disk was refunded. Otherwise an operator can retry the task."""
        return self.gave_up is not None and bool(self.gave_up.wanted.get("service"))

    @property
    def login(self) -> Login | None:
        """The login for a disk with one of the cloud's own images. Other logins are on the page of the image's
        service."""
        server = self.server
        if server.service_id is not None or server.status not in EXISTING_STATUSES or not server.sealed_login:
            return None
        return login_of(server)

    @property
    def busy(self) -> bool:
        return self.task is not None or self.ordered is not None or self.server.status == Server.Status.CREATING

    @property
    def covered_until(self) -> datetime | None:
        return self.binding.image.service.expires_at if self.binding else None

    @property
    def billed(self) -> bool:
        """Whether the buyer pays for each hour now."""
        return self.server.status == Server.Status.RUNNING and self.server.service_id is not None and not self.binding


def servers_of(buyer: User, *, gone: bool = False, after: str = "", size: int = PAGE) -> Page[ServerView]:
    """Return servers that exist or are being created; with ``gone`` also deleted ones."""
    servers = Server.objects.filter(buyer=buyer)
    if not gone:
        servers = servers.filter(status__in=ACTIVE_STATUSES)
    server_page = page(servers.select_related("service__product", "service__offer"), after=after, size=size)
    return Page(_server_views(server_page.rows), server_page.next_key)


def server_of(buyer: User, pk: int) -> ServerView | None:
    server = Server.objects.filter(buyer=buyer, pk=pk).select_related("service__product", "service__offer__sku").first()
    return _server_views([server])[0] if server else None


def _server_views(servers: Sequence[Server]) -> list[ServerView]:
    pks = [row.pk for row in servers]
    numbers = [row.service.order_line_number for row in servers if row.service is not None]
    lines = {
        row.number: row for row in OrderLine.objects.filter(number__in=numbers).select_related("order", "offer")
    }  # fmt: skip
    open_bindings = ImageBinding.objects.filter(server__in=pks, to_at=None).select_related("image__service__product")
    bindings = {row.server_id: row for row in open_bindings}
    latest_tasks: dict[int, Task] = {}
    for task in Task.objects.filter(server__in=pks).order_by("server", "pk"):
        known_task = latest_tasks.get(task.server_id)
        if known_task is None or known_task.status != Task.Status.WAITING:
            latest_tasks[task.server_id] = task
    ordered_lines = {
        line.for_server: line
        for line in OrderLine.objects.filter(
            for_server__in=pks, status=Order.Status.PROCESSING, charging_mode__in=modes_with(lambda mode: mode.postpaid)
        ).select_related("order")
    }
    return [
        _server_view(server, lines, bindings, latest_tasks.get(server.pk), ordered_lines.get(server.pk))
        for server in servers
    ]


def _server_view(
    server: Server, lines: dict[str, OrderLine], bindings: dict[int, ImageBinding], task: Task | None,
    ordered_line: OrderLine | None,
) -> ServerView:  # fmt: skip
    is_waiting = task is not None and task.status == Task.Status.WAITING
    gave_up = task is not None and task.status == Task.Status.GAVE_UP
    return ServerView(
        server=server, line=lines.get(server.service.order_line_number) if server.service else None,
        binding=bindings.get(server.pk), task=task if is_waiting else None, gave_up=task if gave_up else None, ordered=ordered_line,
    )  # fmt: skip


def uncovered_servers(buyer: User, offer: Offer) -> list[Server]:
    """Return the buyer's servers that run this edition without a period image."""
    servers = Server.objects.filter(
        buyer=buyer, status__in=EXISTING_STATUSES, service__offer__sku__spec=offer.sku.spec_id,
        service__status__in=[Subscription.Status.ACTIVE, Subscription.Status.FROZEN],
    ).exclude(pk__in=ImageBinding.objects.filter(to_at=None).values("server"))  # fmt: skip
    return list(servers.order_by("name", "pk"))


def replaceable_servers(buyer: User) -> list[Server]:
    """Return the buyer's servers whose disk can be replaced."""
    return list(Server.objects.filter(buyer=buyer, status__in=EXISTING_STATUSES).order_by("name", "pk"))


class PeriodImageView(Struct, frozen=True):
    image: PeriodImage
    binding: ImageBinding | None


def images_of(buyer: User) -> list[PeriodImageView]:
    """Return the buyer's period images that have not ended."""
    rows = PeriodImage.objects.filter(buyer=buyer, status__in=["bound", "idle"])
    images = list(rows.select_related("service__product", "service__offer").order_by("-service"))
    bindings = {
        row.image_id: row
        for row in ImageBinding.objects.filter(image__in=images, to_at=None).select_related("server")
    }  # fmt: skip
    return [PeriodImageView(row, bindings.get(row.pk)) for row in images]


def image_of(service: Subscription) -> PeriodImageView | None:
    """Return the period image of a service, if the service is one."""
    image = PeriodImage.objects.filter(service=service).first()
    if image is None:
        return None
    binding = ImageBinding.objects.filter(image=image).select_related("server").order_by("-pk").first()
    return PeriodImageView(image, binding)


def server_on(service: Subscription) -> Server | None:
    """Return the server of a pay-per-use service, if it still has one."""
    return Server.objects.filter(service=service).first()


def times_of(server: Server, *, after: str = "") -> Page[ImageTime]:
    """Return the metered times of a server, newest first."""
    times = ImageTime.objects.filter(server=server).select_related("service__product", "record", "image__service")
    return page(times, after=after, size=PAGE)
