"""Services in use, in bulk: rows as after a delivery, bought at random times of the previous year. Django must be set
up."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Offer, Sku, Spec
from tradepost.market.fulfilment.timers import set_timers
from tradepost.market.identity.models import Level, User
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Period, Subscription
from tradepost.market.subscriptions.paid_time import period_end

from .rows import BATCH, Shop

PRICE = 10_000
CURRENCY = "CNY"
YEAR = timedelta(days=365)
FIRST_END = timedelta(days=16)
RENEWED = 9
"""Number of automatically renewed services out of ten."""


def yearly_offers(shop: Shop) -> list[Offer]:
    """Create a yearly offer of each product."""
    specs = Spec.objects.bulk_create(
        [Spec(product=product, key="year", name="标准版", name_en="Standard") for product in shop.products], BATCH
    )
    skus = Sku.objects.bulk_create([Sku(spec=spec, code=f"YEAR{spec.pk}") for spec in specs], BATCH)
    return Offer.objects.bulk_create(
        [
            Offer(
                sku=sku, product_id=f"OFFI{sku.pk:018}", charging_mode="PERIOD", period_type="year", price_minor=PRICE,
                currency=CURRENCY, period_numbers=[1],
            )
            for sku in skus
        ],
        BATCH,
    )  # fmt: skip


def rich_buyers(count: int, now: datetime) -> list[User]:
    """Create buyers of every level, each with more money than ten years of a hundred services cost."""
    levels = list(Level)
    buyers = User.objects.bulk_create(
        [
            User(email=f"buyer{i}@services.example", name=f"Buyer {i}", level=levels[i % len(levels)], joined_at=now)
            for i in range(count)
        ],
        BATCH,
    )
    for buyer in buyers:
        ledger.top_up(buyer, Money(PRICE * 10_000, CURRENCY), reference=f"BENCH-{buyer.pk}", actor="bench", now=now)
    return buyers


def in_use(
    offers: Sequence[Offer], buyers: Sequence[User], *, count: int, now: datetime, ends_within: timedelta = YEAR
) -> None:
    """Create ``count`` yearly services, begun at times from a fixed seed: the first ends in 16 days, before any
    reminder, the last before ``ends_within`` is over."""
    chance = random.Random(11)  # noqa: S311  # the same moments in every run
    with transaction.atomic():
        subscriptions, periods = [], []
        for i in range(count):
            offer = offers[i % len(offers)]
            product = offer.sku.spec.product
            begun = now - YEAR + FIRST_END + chance.random() * (ends_within - FIRST_END)
            ends = period_end(begun, "year", 1)
            subscriptions.append(
                Subscription(
                    buyer=buyers[i % len(buyers)], seller_id=product.seller_id, product=product, offer=offer,
                    order_line_number=f"CSBENCH{i}-000001", instance_id=f"i-{i}", status="active", created_at=begun,
                    started_at=begun, expires_at=ends, auto_period_type="year", auto_periods=1,
                    at_expiry="renew" if i % 10 < RENEWED else "keep",
                )
            )  # fmt: skip
            periods.append(
                Period(
                    subscription=subscriptions[-1], line_number=f"CSBENCH{i}-000001", starts_at=begun, ends_at=ends,
                    offer=offer, quantity=1, paid_minor=PRICE, list_minor=PRICE, currency=CURRENCY, earned_at=begun,
                )
            )  # fmt: skip
        Subscription.objects.bulk_create(subscriptions, BATCH)
        Period.objects.bulk_create(periods, BATCH)
        set_timers(subscriptions, now=now)
