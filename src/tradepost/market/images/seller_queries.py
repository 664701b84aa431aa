"""Queries for sellers' pages about servers that run their images, with metered hours."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db.models import Q, Sum
from msgspec import Struct

from tradepost.market.base.paging import Page, page
from tradepost.market.compute.models import Server
from tradepost.market.identity.models import Seller
from tradepost.market.metering.seller_queries import units

from .models import ImageBinding, ImageTime

PAGE = 25


class RunningServer(Struct, frozen=True, kw_only=True):
    """A server that runs the seller's image. ``charged`` and ``covered``: hours of its current service since a given
    time."""

    server: Server
    charged: Decimal
    covered: Decimal
    by_image: bool

    @property
    def customer(self) -> str:
        """The customer's name as in the order query. It never contains an address that the product did not ask for."""
        buyer = self.server.buyer
        return buyer.name or f"user_{buyer.customer_id[:8]}"


def running_servers(seller: Seller, *, since: datetime, after: str = "", size: int = PAGE) -> Page[RunningServer]:
    """Return servers with an image of this seller, newest first, with their hours since ``since``. Four queries."""
    servers = Server.objects.filter(seller=seller).select_related("service__product", "buyer")
    server_page = page(servers, after=after, size=size)
    services = [server.service_id for server in server_page.rows if server.service_id is not None]
    metered_times = ImageTime.objects.filter(service__in=services, begin_at__gte=since).values_list("service")
    sums = {
        service: (charged or 0, covered or 0)
        for service, charged, covered in metered_times.annotate(
            charged=Sum("quantity", filter=Q(image=None)), covered=Sum("quantity", filter=Q(image__isnull=False))
        )
    }
    open_bindings = ImageBinding.objects.filter(server__in=[server.pk for server in server_page.rows], to_at=None)
    bound_servers = set(open_bindings.values_list("server", flat=True))
    return Page(
        [
            RunningServer(
                server=server, charged=units(sums.get(server.service_id or 0, (0, 0))[0]),
                covered=units(sums.get(server.service_id or 0, (0, 0))[1]), by_image=server.pk in bound_servers,
            )
            for server in server_page.rows
        ],
        server_page.next_key,
    )  # fmt: skip
