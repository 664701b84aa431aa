"""What sellers see of servers: which run their images now, and what of their hours was counted."""

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


class Running(Struct, frozen=True, kw_only=True):
    """``charged`` and ``covered``: hours of the service that is on it, since a moment."""

    server: Server
    charged: Decimal
    covered: Decimal
    by_image: bool

    @property
    def customer(self) -> str:
        """As the order query says it: never an address that the product did not ask for."""
        buyer = self.server.buyer
        return buyer.name or f"user_{buyer.customer_id[:8]}"


def running(seller: Seller, *, since: datetime, after: str = "") -> Page[Running]:
    """Servers with an image of this seller, newest first, with their hours from ``since`` on; four queries."""
    found = Server.objects.filter(seller=seller).select_related("service__product", "buyer")
    listed = page(found, after=after, size=PAGE)
    services = [one.service_id for one in listed.rows if one.service_id is not None]
    counted = ImageTime.objects.filter(service__in=services, begin_at__gte=since).values_list("service")
    sums = {
        service: (charged or 0, covered or 0)
        for service, charged, covered in counted.annotate(
            charged=Sum("quantity", filter=Q(image=None)), covered=Sum("quantity", filter=Q(image__isnull=False))
        )
    }
    standing = ImageBinding.objects.filter(server__in=[one.pk for one in listed.rows], to_at=None)
    bound = set(standing.values_list("server", flat=True))
    return Page(
        [
            Running(
                server=one, charged=units(sums.get(one.service_id or 0, (0, 0))[0]),
                covered=units(sums.get(one.service_id or 0, (0, 0))[1]), by_image=one.pk in bound,
            )
            for one in listed.rows
        ],
        listed.next_key,
    )  # fmt: skip
