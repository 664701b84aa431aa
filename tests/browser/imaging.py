"""A chapter of history.py: a buyer's servers, one covered by a period image, one that was released, and an idle image."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradepost.market.catalog.models import Product
    from tradepost.market.compute.models import Server
    from tradepost.market.images.servers import Rules


def image(_seller_url: str) -> dict[str, str]:
    from tests.factories.images import make_image
    from tests.factories.products import make_offer
    from tests.waiting import until
    from tradepost.market.base import clock
    from tradepost.market.catalog.models import Product
    from tradepost.market.compute import orphans
    from tradepost.market.compute.contract import OwnedServer
    from tradepost.market.compute.models import Server
    from tradepost.market.images import servers

    docs = Product.objects.get(slug="yunjian-docs")
    product = make_image(
        docs.seller, now=clock.now(), slug="yunjian-gitlab", name="云笺代码托管镜像", name_en="Yunjian Code Hosting Image",
        category=docs.category.slug, picture=docs.picture, summary="开箱即用的代码托管服务，创建云服务器后即可登录。",
        summary_en="Code hosting that is there as soon as the server runs.",
    )  # fmt: skip
    covered, bare, gone = (_running(product, name) for name in ("web-1", "build-2", "old-3"))
    bound = _covered(product, covered)
    idle = _covered(product, gone)
    servers.release(gone.buyer, gone.pk, agreed=True, now=clock.now())
    until(lambda: Server.objects.get(pk=gone.pk).status == "released", "the server is released")
    lost = OwnedServer(server_id="server-4711", token="server-4711", order="CS2611290900Q7M2K4", name="db-4")
    orphans.record_unowned("memory", [lost], place="sandbox", now=clock.now())
    return {
        "image product": str(product.pk), "image hourly": make_offer(product, mode="ON_DEMAND").product_id,
        "image monthly": make_offer(product, mode="PERIOD").product_id, "server": str(covered.pk), "bare server": str(bare.pk),
        "released server": str(gone.pk), "image service": str(covered.service_id), "period image service": str(bound),
        "period image": _key(bound), "idle image service": str(idle), "idle image": _key(idle),
    }  # fmt: skip


def _running(product: Product, name: str) -> Server:
    from tests.factories.products import make_offer
    from tests.waiting import until
    from tradepost.market.base import clock
    from tradepost.market.compute.models import Server
    from tradepost.market.compute.registry import cloud
    from tradepost.market.identity.models import User
    from tradepost.market.images import servers
    from tradepost.market.images.servers import CreateServer
    from tradepost.market.orders.models import OrderLine

    buyer = User.objects.get(email="buyer@lantian.example")
    command = CreateServer(
        product_id=make_offer(product, mode="ON_DEMAND").product_id, name=name, size="s1", agreed=True
    )
    order = servers.create_server(buyer, command, cloud("memory"), rules=_rules(), now=clock.now())
    made = OrderLine.objects.get(order=order).for_server or 0
    until(lambda: Server.objects.filter(pk=made, status="running", service__isnull=False).exists(), f"{name} runs")
    return Server.objects.select_related("buyer", "service").get(pk=made)


def _covered(product: Product, server: Server) -> int:
    """Return the service of the period image that covers the server."""
    from tests.factories.products import make_offer
    from tests.waiting import until
    from tradepost.market.base import clock
    from tradepost.market.images import servers
    from tradepost.market.images.models import ImageBinding
    from tradepost.market.images.servers import OrderForServer
    from tradepost.market.orders.models import OrderLine
    from tradepost.market.orders.pay import pay_order

    command = OrderForServer(product_id=make_offer(product, mode="PERIOD").product_id, server=server.pk, agreed=True)
    order = servers.buy_image(server.buyer, command, rules=_rules(), now=clock.now())
    pay_order(order, now=clock.now())
    until(lambda: ImageBinding.objects.filter(server=server, to_at=None).exists(), "a period image covers it")
    held = OrderLine.objects.values_list("subscription", flat=True).get(order=order)
    assert held is not None
    return held


def _key(service: int) -> str:
    from tradepost.market.images.models import PeriodImage

    return str(PeriodImage.objects.get(service=service).pk)


def _rules() -> Rules:
    from tradepost.market.images.servers import Rules

    return Rules(unpaid_timeout=timedelta(days=1), servers_most=20)
