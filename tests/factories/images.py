"""Images on servers of the sandbox's cloud, and a worker without threads that advances the market from one due time to
the next.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, override

from tradepost.market import wiring
from tradepost.market.base import jobs, leased_jobs, outbox
from tradepost.market.base.models import Event, Job, LeasedJob
from tradepost.market.base.values import replace
from tradepost.market.base.work import State
from tradepost.market.catalog.document import Price
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.compute import tasks
from tradepost.market.compute.adapters.memory import Memory
from tradepost.market.compute.contract import CloudError, Fault, NewServer, ObservedServer
from tradepost.market.compute.models import OrphanServer, SandboxServer, Server, Task
from tradepost.market.compute.registry import cloud
from tradepost.market.identity.models import Seller, User
from tradepost.market.images import servers
from tradepost.market.images.models import PeriodImage
from tradepost.market.images.servers import CreateServer, OrderForServer, Rules
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.place import PlaceOrder, place_order
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.text import Text

from .buying import make_subscription
from .metering import on_demand
from .people import NOW, make_seller
from .products import make_offer, make_product

HOUR = Text(zh="小时", en="hours")
RULES = Rules(unpaid_timeout=timedelta(days=1), servers_most=20)
MEMORY = cloud("memory")


class FullCloud(Memory):
    """An operator's own cloud, named by its setting, that has no capacity for another server."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "tests.factories.images:FULL_CLOUD"

    @override
    def create(self, server: NewServer, *, token: str) -> ObservedServer:
        raise CloudError("no room for a server", fault=Fault.CAPACITY)


FULL_CLOUD = FullCloud()


def hourly_price(amount: str = "0.50") -> Price:
    price = on_demand(amount=Decimal(amount), unit=HOUR, code="hours")
    return replace(price, factors=(replace(price.factors[0], cycle="hour"),))


def monthly_price(amount: str = "300") -> Price:
    return Price(
        charging_mode=ChargingMode.PERIOD, amount=Decimal(amount), period_type="month", period_numbers=(1, 3)
    )  # fmt: skip


def make_image(
    seller: Seller | None = None, *, hour: str = "0.50", month: str = "300", now: datetime = NOW, **fields: Any
) -> Product:  # fmt: skip
    """Return an image product sold by the hour and by the month. Other keywords are those of ``make_product``."""
    seller = seller or make_seller(now=now)
    return make_product(
        seller, prices=(hourly_price(hour), monthly_price(month)), product_type="IMAGE", bound=False, now=now, **fields
    )  # fmt: skip


def make_server(buyer: User, product: Product, *, name: str = "web-1", now: datetime = NOW) -> Server:
    """Return a running server that was ordered with the image on demand."""
    offer = make_offer(product, mode=ChargingMode.ON_DEMAND)
    command = CreateServer(product_id=offer.product_id, name=name, size="s1", agreed=True)
    order = servers.create_server(buyer, command, MEMORY, rules=RULES, now=now)
    rest(now)
    return Server.objects.select_related("service").get(pk=_line(order).for_server or 0)


def make_period_image(buyer: User, server: Server, *, now: datetime = NOW, **changed: object) -> PeriodImage:
    """Return a paid period image for a server that runs its image."""
    if server.service is None:
        raise LookupError("the server runs no image")
    offer = Offer.objects.get(sku__spec=server.service.offer.sku.spec_id, charging_mode=ChargingMode.PERIOD)
    command = replace(OrderForServer(product_id=offer.product_id, server=server.pk, agreed=True), **changed)
    order = servers.buy_image(buyer, command, rules=RULES, now=now)
    pay_order(order, now=now)
    rest(now)
    return PeriodImage.objects.select_related("service").get(service=_line(order).subscription)


def make_server_row(buyer: User, product: Product, *, name: str = "web-1", now: datetime = NOW) -> Server:
    """Return a server that runs the image, written as the worker would write it. No due work is run."""
    server = tasks.new_server(buyer.pk, name=name, size="s1", cloud="memory", now=now)
    offer = make_offer(product, mode=ChargingMode.ON_DEMAND)
    command = PlaceOrder(product_id=offer.product_id, agreed=True, for_server=server.pk)
    order = place_order(buyer, command, now=now, unpaid_timeout=timedelta(days=1))
    pay_order(order, now=now)
    service = make_subscription(order, now=now)
    SandboxServer.objects.create(token=f"server-{server.pk}", name=name, size="s1", image="x")
    Server.objects.filter(pk=server.pk).update(
        status="running", provider_id=f"server-{server.pk}", service=service, seller=service.seller, address="10.0.0.1"
    )
    server.refresh_from_db()
    return server


def make_idle_image(buyer: User, server: Server, *, now: datetime = NOW) -> PeriodImage:
    """Return a period image of the server's image that covers no server."""
    if server.service is None:
        raise LookupError("the server runs no image")
    offer = Offer.objects.get(sku__spec=server.service.offer.sku.spec_id, charging_mode=ChargingMode.PERIOD)
    command = PlaceOrder(product_id=offer.product_id, agreed=True, for_server=server.pk)
    order = place_order(buyer, command, now=now, unpaid_timeout=timedelta(days=1))
    pay_order(order, now=now)
    service = make_subscription(order, now=now)
    return PeriodImage.objects.create(service=service, buyer=buyer, idle_since=now)


def servers_of(seller: Seller, buyer: User) -> dict[str, str]:
    """Return values for addresses: a server of the buyer that runs an image of the seller, an idle period image of it,
    and a failed cloud task of another server."""
    product = make_image(seller)
    server = make_server_row(buyer, product)
    other = tasks.new_server(buyer.pk, name="gone", size="s1", cloud="memory", now=NOW)
    task = Task.objects.create(server=other, action="release", status="gave_up", created_at=NOW, ended_at=NOW)
    orphan = OrphanServer.objects.create(
        cloud="memory", provider_id="left", name="left", found_at=NOW, seen_at=NOW
    )  # fmt: skip
    return {
        "hourly": make_offer(product, mode=ChargingMode.ON_DEMAND).product_id,
        "monthly": make_offer(product, mode=ChargingMode.PERIOD).product_id, "server": str(server.pk),
        "period_image": str(make_idle_image(buyer, server).pk), "server_task": str(task.pk),
        "orphan_server": str(orphan.pk),
    }  # fmt: skip


def _line(order: Order) -> OrderLine:
    return OrderLine.objects.select_related("subscription").get(order=order)


def broken(server: Server, fault: str) -> None:
    """Make the sandbox's cloud fail with this server: ``broken``, ``refuses``, or empty for no fault."""
    SandboxServer.objects.filter(token=server.provider_id or f"server-{server.pk}").update(fault=fault)


def rest(now: datetime) -> None:
    """Run everything that is due: events, timers, and jobs that wait for other servers."""
    for _turn in range(200):
        done = outbox.dispatch(wiring.REACTIONS, now=now)
        done += jobs.run_due(wiring.TASKS, now=now)
        done += leased_jobs.run_due(wiring.LEASED_TASKS, now=lambda: now, wall=lambda: now, owner="a worker of tests")
        if not done:
            stuck = Event.objects.exclude(error="").first() or Job.objects.exclude(error="").first()
            assert stuck is None, stuck.error
            return
    raise AssertionError("the market does not come to rest")


def go_to(end: datetime, now: datetime) -> datetime:
    """Advance from one due time to the next, up to ``end``."""
    rest(now)
    while True:
        moments = [
            due_at
            for model in (Event, Job, LeasedJob)
            if (due_at := model.objects.filter(state=State.WAITING, due_at__gt=now).order_by("due_at").values_list("due_at", flat=True).first())
        ]  # fmt: skip
        following = min(moments, default=None)
        if following is None or following > end:
            rest(end)
            return end
        now = following
        rest(now)
