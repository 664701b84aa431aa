"""The meters of services on demand: what of theirs is counted and for how much, from the version that was ordered."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.db.models import Q

from tradepost.market.catalog import document as documents
from tradepost.market.catalog.document import NONE, Factor, Price, usage_bands
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.orders.models import OrderLine
from tradepost.market.product_types.charging import PACKAGE_OF_USES, modes_that

from .models import Meter

PACKAGES_OF_USES = Q(charging_mode=PACKAGE_OF_USES.mode, quota__gt=0)
"""Of order lines."""


def meters_of(subscriptions: Iterable[int]) -> dict[int, Meter]:
    """By subscription; made where there is none yet. A service that is not on demand, or whose order has no price by usage,
    has none."""
    wanted = set(subscriptions)
    found = Meter.objects.in_bulk(wanted)
    if missing := wanted - found.keys():
        Meter.objects.bulk_create(_made(missing), ignore_conflicts=True)
        found |= Meter.objects.in_bulk(missing)
    return found


def _made(subscriptions: set[int]) -> list[Meter]:
    lines = OrderLine.objects.filter(
        Q(charging_mode__in=modes_that(lambda mode: mode.postpaid)) | PACKAGES_OF_USES, subscription__in=subscriptions
    ).select_related("version", "offer", "subscription")
    made = []
    for line in lines:
        opened = line.subscription is not None and line.subscription.order_line_number == line.number
        factor = counted(documents.load(line.version.document), line.offer.product_id) if opened else None
        if factor is not None and line.subscription_id is not None:
            made.append(_meter(line.subscription_id, factor, line.offer.currency))
    return made


def counted(document: documents.Document, product_id: str) -> Factor | None:
    """What records of an offer count: its first factor. No edition of the push names one. Of a package of uses they count
    what it holds, each hour, and cost nothing: it was paid before."""
    prices: dict[str, Price] = {price.product_id: price for _spec, _sku, price in document.prices()}
    price = prices.get(product_id)
    if price is not None and price.charging.uses:
        return Factor(code="uses", unit=price.usage_unit)
    return price.factors[0] if price is not None and price.factors else None


def _meter(subscription: int, factor: Factor, currency: str) -> Meter:
    return Meter(
        subscription_id=subscription, code=factor.code, unit=factor.unit.zh, unit_en=factor.unit.en,
        cycle=factor.cycle, accumulation=factor.accumulation, model=str(factor.model), price=factor.amount or NONE,
        bands=[[None if upto is None else f"{upto:f}", f"{each:f}"] for upto, each in usage_bands(factor)],
        currency=currency,
    )  # fmt: skip


def accumulates_by(model: str, accumulation: str) -> str:
    """The time over which usage adds up. What a band cannot change adds up by the month, whatever the price says: so a price
    finer than a coin is rounded once for all its parts."""
    return accumulation if accumulation and PriceModel(model).banded else "month"


@lru_cache(maxsize=4096)
def start_of(begin_at: datetime, by: str, zone: ZoneInfo) -> datetime:
    """When the time that usage adds up over began, in the market's zone."""
    local = begin_at.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight if by == "day" else midnight.replace(day=1)).astimezone(begin_at.tzinfo)
