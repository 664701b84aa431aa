"""Services on demand, and the usage that their sellers push."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from zoneinfo import ZoneInfo

from tradepost.market.base.values import replace
from tradepost.market.catalog.document import Price
from tradepost.market.catalog.models import Offer
from tradepost.market.identity.models import Seller, User
from tradepost.market.metering.intake import Accepted, VerifiedPush, rule_of, store_push
from tradepost.market.metering.models import Package, Push
from tradepost.market.metering.packages import on_order_completed
from tradepost.market.orders.events import OrderCompleted
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.open_api.usage_items import EDITION_2018, NEW_EDITION, OLD_EDITION, load_items
from tradepost.protocols.open_api.usage_push import dump_time

from .buying import make_order, make_subscription
from .people import NOW, make_address, make_seller
from .products import ON_DEMAND, PACKAGE, USES, make_offer, make_product

ZONE = ZoneInfo("Asia/Shanghai")
RULE = rule_of(usage_max_age_days=21, usage_future_skew_seconds=60)
EDITIONS = {Push.Api.NEW: NEW_EDITION, Push.Api.OLD: OLD_EDITION, Push.Api.OF_2018: EDITION_2018}
_numbers = count(1)


def on_demand(**factor: object) -> Price:
    """Return a price by usage. Keywords set ``amount``, ``model``, ``bands``, ``cycle``, ``accumulation`` of its
    factor."""
    return replace(ON_DEMAND, factors=(replace(ON_DEMAND.factors[0], **factor),))


def package(quota: int | str = 100, **changed: object) -> Price:
    """Return a package of the unit of ``on_demand``, for months. Keywords: ``reset``, ``stops_when_used_up``,
    ``amount``, ``period_type``."""
    return replace(PACKAGE, quota=Decimal(quota), **changed)


def make_package(
    service: Subscription, *, quota: int | str = 100, periods: int = 1, now: datetime = NOW
) -> Package:  # fmt: skip
    """Return a package of the product of this service, bought by its buyer and opened at ``now``."""
    offers = Offer.objects.filter(sku__spec__product=service.product, charging_mode=ChargingMode.ON_DEMAND_PKG)
    order = make_order(service.buyer, offer=offers.get(quota=Decimal(quota)), periods=periods, paid=True, now=now)
    held = make_subscription(order, now=now)
    on_order_completed(OrderCompleted(order=order.number), now)
    return Package.objects.select_related("subscription").get(pk=held.pk)


def make_metered(
    *, price: Price = ON_DEMAND, packages: Sequence[Price] = (), seller: Seller | None = None, buyer: User | None = None, instance_id: str = "",
    started_at: datetime = NOW,
) -> Subscription:  # fmt: skip
    """Return a service on demand in use, ordered at this price."""
    seller = seller or make_seller(now=started_at)
    product = make_product(seller, prices=(price, *packages), address=make_address(seller), now=started_at)
    offer = make_offer(product, mode=ChargingMode.ON_DEMAND)
    order = make_order(buyer, offer=offer, paid=True, now=started_at)
    return make_subscription(order, instance_id=instance_id, now=started_at)


def make_uses(
    price: Price = USES, *, seller: Seller | None = None, buyer: User | None = None, quantity: int = 1, now: datetime = NOW
) -> Subscription:  # fmt: skip
    """Return a package of uses that was bought and opened at ``now``."""
    seller = seller or make_seller(now=now)
    product = make_product(seller, prices=(price,), address=make_address(seller), now=now)
    order = make_order(buyer, offer=make_offer(product), quantity=quantity, paid=True, now=now)
    held = make_subscription(order, now=now)
    on_order_completed(OrderCompleted(order=order.number), now)
    return held


def item(
    subscription: Subscription, begin: datetime, value: Decimal | str | int = 1, *, hours: int = 1, sn: str = "",
    **changed: object,
) -> dict[str, object]:  # fmt: skip
    """Return a usage record as a push of the new edition has it."""
    end = begin + timedelta(hours=hours)
    return {
        "instance_id": subscription.instance_id, "record_time": dump_time(end), "begin_time": dump_time(begin),
        "end_time": dump_time(end), "usage_value": str(value), "metering_sn": sn or f"sn-{next(_numbers)}",
    } | changed  # fmt: skip


def push(seller: Seller, items: Sequence[object], *, now: datetime, api: Push.Api = Push.Api.NEW) -> Accepted:
    """Record a push as the API does after it verified the signature."""
    edition = EDITIONS[api]
    loaded = load_items(json.dumps({edition.listed: list(items)}).encode(), edition)
    return store_push(VerifiedPush(seller=seller.pk, api=api, loaded=loaded), rule=RULE, zone=ZONE, now=now)
