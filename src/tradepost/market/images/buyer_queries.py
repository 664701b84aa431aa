"""What buyers see of their servers and period images: how each is, what goes on, and what it costs now and from when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from tradepost.market.base.paging import Page, page
from tradepost.market.catalog.models import Offer
from tradepost.market.compute.contract import Login
from tradepost.market.compute.lifecycle import LIVING, THERE
from tradepost.market.compute.models import Server, Task
from tradepost.market.compute.tasks import WORDS, login_of
from tradepost.market.identity.models import User
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.product_types.charging import modes_that
from tradepost.market.subscriptions.models import Subscription

from .models import ImageBinding, ImageTime, PeriodImage

PAGE = 25


class ShownServer(Struct, frozen=True, kw_only=True):
    """``line``: what was ordered for its image, with the price of an hour. ``binding``: of the period image that covers it."""

    server: Server
    line: OrderLine | None
    binding: ImageBinding | None
    task: Task | None
    """What is being done to it."""
    gave_up: Task | None
    """What the cloud did not do last, if it was the last thing."""
    ordered: OrderLine | None = None
    """Another image that is about to be put on it."""

    @property
    def doing(self) -> str:
        """A message id."""
        return WORDS[self.task.action] if self.task else ""

    @property
    def refunded(self) -> bool:
        """Whether the order of the disk that was not made is closed; otherwise an operator can retry the request."""
        return self.gave_up is not None and bool(self.gave_up.wanted.get("service"))

    @property
    def login(self) -> Login | None:
        """Of a disk with an image of the cloud's own; a disk with one of the market's has it on the page of its service."""
        server = self.server
        if server.service_id is not None or server.status not in THERE or not server.sealed_login:
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
        """Whether each hour costs something now."""
        return self.server.status == Server.Status.RUNNING and self.server.service_id is not None and not self.binding


def servers_of(buyer: User, *, gone: bool = False, after: str = "") -> Page[ShownServer]:
    """Those that are there or about to be; with ``gone`` all that ever were."""
    found = Server.objects.filter(buyer=buyer)
    if not gone:
        found = found.filter(status__in=LIVING)
    listed = page(found.select_related("service__product", "service__offer"), after=after, size=PAGE)
    return Page(_shown(listed.rows), listed.next_key)


def server_of(buyer: User, pk: int) -> ShownServer | None:
    found = Server.objects.filter(buyer=buyer, pk=pk).select_related("service__product", "service__offer__sku").first()
    return _shown([found])[0] if found else None


def _shown(servers: Sequence[Server]) -> list[ShownServer]:
    pks = [one.pk for one in servers]
    numbers = [one.service.order_line_number for one in servers if one.service is not None]
    lines = {
        one.number: one for one in OrderLine.objects.filter(number__in=numbers).select_related("order", "offer")
    }  # fmt: skip
    standing = ImageBinding.objects.filter(server__in=pks, to_at=None).select_related("image__service__product")
    bindings = {one.server_id: one for one in standing}
    latest: dict[int, Task] = {}
    for task in Task.objects.filter(server__in=pks).order_by("server", "pk"):
        open_ = latest.get(task.server_id)
        if open_ is None or open_.status != Task.Status.WAITING:
            latest[task.server_id] = task
    ordered = {
        line.for_server: line
        for line in OrderLine.objects.filter(
            for_server__in=pks, status=Order.Status.PROCESSING, charging_mode__in=modes_that(lambda mode: mode.postpaid)
        ).select_related("order")
    }
    return [_one(server, lines, bindings, latest.get(server.pk), ordered.get(server.pk)) for server in servers]


def _one(
    server: Server, lines: dict[str, OrderLine], bindings: dict[int, ImageBinding], task: Task | None,
    ordered: OrderLine | None,
) -> ShownServer:  # fmt: skip
    waiting = task is not None and task.status == Task.Status.WAITING
    gave_up = task is not None and task.status == Task.Status.GAVE_UP
    return ShownServer(
        server=server, line=lines.get(server.service.order_line_number) if server.service else None,
        binding=bindings.get(server.pk), task=task if waiting else None, gave_up=task if gave_up else None, ordered=ordered,
    )  # fmt: skip


def uncovered(buyer: User, offer: Offer) -> list[Server]:
    """Servers on which a period image of this edition could be used: they run it, and have none."""
    found = Server.objects.filter(
        buyer=buyer, status__in=THERE, service__offer__sku__spec=offer.sku.spec_id,
        service__status__in=[Subscription.Status.ACTIVE, Subscription.Status.FROZEN],
    ).exclude(pk__in=ImageBinding.objects.filter(to_at=None).values("server"))  # fmt: skip
    return list(found.order_by("name", "pk"))


def replaceable(buyer: User) -> list[Server]:
    """Servers whose disk an image could be put on."""
    return list(Server.objects.filter(buyer=buyer, status__in=THERE).order_by("name", "pk"))


class ShownImage(Struct, frozen=True):
    image: PeriodImage
    binding: ImageBinding | None


def images_of(buyer: User) -> list[ShownImage]:
    """Period images that have not ended."""
    found = PeriodImage.objects.filter(service__buyer=buyer, status__in=["bound", "idle"])
    images = list(found.select_related("service__product", "service__offer").order_by("-service"))
    bindings = {
        one.image_id: one
        for one in ImageBinding.objects.filter(image__in=images, to_at=None).select_related("server")
    }  # fmt: skip
    return [ShownImage(one, bindings.get(one.pk)) for one in images]


def image_of(service: Subscription) -> ShownImage | None:
    """Of the page of a service: the period image that it is, if it is one."""
    image = PeriodImage.objects.filter(service=service).first()
    if image is None:
        return None
    binding = ImageBinding.objects.filter(image=image).select_related("server").order_by("-pk").first()
    return ShownImage(image, binding)


def server_on(service: Subscription) -> Server | None:
    """The server that a service on demand is on, if it still is."""
    return Server.objects.filter(service=service).first()


def times_of(server: Server, *, after: str = "") -> Page[ImageTime]:
    """What was counted of it, newest first."""
    found = ImageTime.objects.filter(server=server).select_related("service__product", "record", "image__service")
    return page(found, after=after, size=PAGE)
