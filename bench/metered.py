"""A market of on-demand services, and signed pushes of their sellers. Django must be set up before importing this."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from tradepost.market.catalog.models import Offer
from tradepost.market.metering.models import Meter
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.freshness import epoch_ms
from tradepost.protocols.open_api.usage_push import PATH, dump_time, push_signature

from .load import raw_request
from .rows import BATCH, Shop, open_shop
from .wire import KEY

OPEN_FOR = timedelta(days=20)
"""Usage older than 21 days is not billed."""
WINDOW = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Metered:
    """Each seller has ``services`` that were used for twenty days; their instances are named
    ``i-<seller>-<number>``."""

    shop: Shop
    services: int

    def instance(self, seller: int, service: int) -> str:
        return f"i-{seller}-{service}"


def open_metered(*, sellers: int, services: int, now: datetime, cycle: str = "hour") -> Metered:
    shop = open_shop(lambda i: f"https://seller{i}.example/", sellers=sellers, now=now)
    market, began = Metered(shop, services), now - OPEN_FOR
    with transaction.atomic():
        offer = Offer.objects.create(
            sku=shop.offer.sku, product_id="OFFI000000000000000002", charging_mode="ON_DEMAND", price_minor=0, currency="CNY",
            usage_unit="次", usage_unit_en="calls", usage_price=Decimal("0.0025"),
        )  # fmt: skip
        made = Subscription.objects.bulk_create(
            (
                Subscription(
                    buyer=shop.buyer, seller=seller, product=product, offer=offer, order_line_number=f"CSU{i}-{n}-000001",
                    instance_id=market.instance(i, n), status=Subscription.Status.ACTIVE, created_at=began, started_at=began,
                )
                for i, (seller, product) in enumerate(zip(shop.sellers, shop.products, strict=True))
                for n in range(services)
            ),
            BATCH,
        )  # fmt: skip
        Meter.objects.bulk_create(
            (
                Meter(
                    subscription=one, code="calls", unit="次", unit_en="calls", cycle=cycle, model="linear",
                    price=offer.usage_price, currency="CNY",
                )
                for one in made
            ),
            BATCH,
        )  # fmt: skip
    return market


def records(market: Metered, seller: int, turn: int, *, each: int, now: datetime) -> list[dict[str, str]]:
    """Return ``each`` windows of every service of a seller, in the format of a push; no window is in two turns."""
    first, recorded_at = now - OPEN_FOR + turn * each * WINDOW, dump_time(now)
    edges = [dump_time(first + n * WINDOW) for n in range(each + 1)]
    return [
        {
            "instance_id": market.instance(seller, service), "record_time": recorded_at, "begin_time": edges[n],
            "end_time": edges[n + 1], "usage_value": f"{n + 1}.25", "metering_sn": f"sn-{turn}-{service}-{n}",
        }
        for service in range(market.services)
        for n in range(each)
    ]  # fmt: skip


def signed_push(body: bytes, *, nonce: str, port: int, wall: datetime, key: str = KEY) -> bytes:
    """Return a push as its seller's server sends it on a kept connection."""
    ts = str(epoch_ms(wall))
    headers = (
        ("Host", f"127.0.0.1:{port}"),
        ("Content-Type", "application/json"),
        ("signature", push_signature(key=key, ts=ts, nonce=nonce, body=body)),
        ("ts", ts),
        ("nonce", nonce),
    )
    return raw_request("POST", PATH, headers, body)


def body_of(listed: Sequence[object]) -> bytes:
    return json.dumps({"usage_records": listed}, sort_keys=True, separators=(",", ":")).encode()


def pushes(
    market: Metered, numbers: range, *, each: int, port: int, now: datetime, wall: datetime
) -> Iterator[bytes]:  # fmt: skip
    """Yield the pushes with these numbers, of one seller after another, with ``each`` records of each of its
    services."""
    sellers = len(market.shop.sellers)
    for number in numbers:
        turn, seller = divmod(number, sellers)
        body = body_of(records(market, seller, turn, each=each, now=now))
        yield signed_push(body, nonce=f"n-{number}", port=port, wall=wall)
