"""A partly used package of uses of the demo's buyer. The seller pushes usage, which is deducted immediately.

Uses the functions of the pages and the interface, once, in the running market. Existing data is not changed.
"""

from __future__ import annotations

import json
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from tradepost.market.catalog.models import Offer, Product
from tradepost.market.identity.models import User
from tradepost.market.metering import collect
from tradepost.market.metering.intake import VerifiedPush, store_push
from tradepost.market.metering.judge import Rule
from tradepost.market.metering.models import Cycle, Push
from tradepost.market.orders.buy import buy
from tradepost.market.orders.models import OrderLine
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.place import PlaceOrder
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.open_api.usage_items import load_items
from tradepost.protocols.open_api.usage_push import dump_time

from .people import BUYER
from .road import Road

SLUG = "zhangfang-invoice-check"
USED_QUANTITIES = (118, 69)
"""Numbers of checked invoices, in two records."""


def use_a_package(road: Road, *, rule: Rule, zone: ZoneInfo) -> None:
    """Create the package and its usage. Does nothing if the product is not on sale or the service has ended. Raises
    ``StoppingError``, ``Refused``."""
    buyer = User.objects.get(email=BUYER.email)
    if not OrderLine.objects.filter(product__slug=SLUG).exists() and not _order(buyer, road):
        return
    services = Subscription.objects.filter(buyer=buyer, product__slug=SLUG, usage_records=None).order_by("pk")
    opening_services = services.filter(status=Subscription.Status.OPENING)
    road.wait(lambda: not opening_services.exists(), SLUG)
    service = services.filter(status=Subscription.Status.ACTIVE).exclude(started_at=None).first()
    if service is not None:
        _use(service, road, rule=rule, zone=zone)


def _order(buyer: User, road: Road) -> bool:
    """Order the package. Return whether it is on sale."""
    on_sale = Offer.objects.filter(sku__spec__product__slug=SLUG, on_sale=True)
    offer = on_sale.filter(sku__spec__product__status=Product.Status.ON_SALE).order_by("price_minor").first()
    if offer is None:
        return False
    command = PlaceOrder(product_id=offer.product_id, agreed=True, idempotency_key="the demo's package")
    timeout = timedelta(minutes=road.settings.orders.unpaid_timeout_minutes)
    with transaction.atomic():
        order = buy(buyer, command, now=road.now(), unpaid_timeout=timeout)
        pay_order(order, now=road.now())
    lines = OrderLine.objects.filter(order=order)
    road.wait(lambda: not lines.filter(subscription=None).exists(), SLUG)
    return True


def _use(service: Subscription, road: Road, *, rule: Rule, zone: ZoneInfo) -> None:
    """Push usage like the seller's server, and run the timer of quarter past the hour."""
    if service.started_at is None:
        raise LookupError("it is open")
    usage_records = [
        {
            "instance_id": service.instance_id, "record_time": dump_time(road.now()), "usage_value": str(used),
            "begin_time": dump_time(service.started_at), "end_time": dump_time(service.started_at + timedelta(seconds=n)),
            "metering_sn": f"demo-{service.pk}-{n}",
        }
        for n, used in enumerate(USED_QUANTITIES)
    ]  # fmt: skip
    loaded = load_items(json.dumps({"usage_records": usage_records}).encode())
    pushed = VerifiedPush(seller=service.seller_id, api=Push.Api.NEW, loaded=loaded)
    store_push(pushed, rule=rule, zone=zone, now=road.now())
    collect.close(Cycle.HOUR, now=road.now())
