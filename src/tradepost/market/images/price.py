"""What an hour of an image costs: as it was ordered for a server, else as it is on sale now."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from tradepost.market.catalog.models import Offer
from tradepost.market.orders.models import OrderLine
from tradepost.market.product_types.charging import modes_that
from tradepost.market.subscriptions.models import Subscription


class Hourly(Struct, frozen=True, kw_only=True):
    """``amount``: of one hour, in main units."""

    amount: Decimal
    currency: str
    unit: str
    unit_en: str


def hourly_of(service: Subscription) -> Hourly | None:
    """Of a service on demand: that of its order. Of a period image: that of the same edition on demand, where it is sold."""
    if service.offer.charging.postpaid:
        line = OrderLine.objects.filter(number=service.order_line_number).select_related("order").first()
        if line is None:
            return None
        return Hourly(
            amount=line.usage_price.normalize(), currency=line.order.currency, unit=line.usage_unit, unit_en=line.usage_unit_en
        )  # fmt: skip
    on_demand = Offer.objects.filter(
        sku__spec=service.offer.sku.spec_id, charging_mode__in=modes_that(lambda mode: mode.postpaid)
    )
    offer = on_demand.order_by("-on_sale", "pk").first()
    if offer is None:
        return None
    return Hourly(
        amount=offer.usage_price.normalize(), currency=offer.currency, unit=offer.usage_unit, unit_en=offer.usage_unit_en
    )  # fmt: skip
