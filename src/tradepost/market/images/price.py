"""The price per hour of an image: as ordered for a server, otherwise as currently on sale."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from tradepost.market.catalog.models import Offer
from tradepost.market.orders.models import OrderLine
from tradepost.market.product_types.charging import modes_with
from tradepost.market.subscriptions.models import Subscription


class Hourly(Struct, frozen=True, kw_only=True):
    """A price per hour. ``amount``: in main units of the currency."""

    amount: Decimal
    currency: str
    unit: str
    unit_en: str


def hourly_of(service: Subscription) -> Hourly | None:
    """Return the price per hour of a service.

    For a pay-per-use service: the ordered price. For a period image: the current price of the same edition as
    pay-per-use, or None.
    """
    if service.offer.charging.postpaid:
        line = OrderLine.objects.filter(number=service.order_line_number).select_related("order").first()
        if line is None:
            return None
        return Hourly(
            amount=line.usage_price.normalize(), currency=line.order.currency, unit=line.usage_unit, unit_en=line.usage_unit_en
        )  # fmt: skip
    on_demand = Offer.objects.filter(
        sku__spec=service.offer.sku.spec_id, charging_mode__in=modes_with(lambda mode: mode.postpaid)
    )
    offer = on_demand.order_by("-on_sale", "pk").first()
    if offer is None:
        return None
    return Hourly(
        amount=offer.usage_price.normalize(), currency=offer.currency, unit=offer.usage_unit, unit_en=offer.usage_unit_en
    )  # fmt: skip
