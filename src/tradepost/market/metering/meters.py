"""Meters of pay-per-use services: what is counted and its price, from the ordered version."""

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
from tradepost.market.product_types.charging import PACKAGE_OF_USES, modes_with

from .models import Meter

PACKAGES_OF_USES = Q(charging_mode=PACKAGE_OF_USES.mode, quota__gt=0)
"""Condition for order lines."""


def meters_of(subscriptions: Iterable[int]) -> dict[int, Meter]:
    """Return meters by subscription, and create missing ones. Services without a usage price have no meter."""
    keys = set(subscriptions)
    meters = Meter.objects.in_bulk(keys)
    if missing_keys := keys - meters.keys():
        Meter.objects.bulk_create(_new_meters(missing_keys), ignore_conflicts=True)
        meters |= Meter.objects.in_bulk(missing_keys)
    return meters


def _new_meters(subscriptions: set[int]) -> list[Meter]:
    lines = OrderLine.objects.filter(
        Q(charging_mode__in=modes_with(lambda mode: mode.postpaid)) | PACKAGES_OF_USES, subscription__in=subscriptions
    ).select_related("version", "offer", "subscription")
    meters = []
    for line in lines:
        is_purchase = line.subscription is not None and line.subscription.order_line_number == line.number
        factor = counted(documents.load(line.version.document), line.offer.product_id) if is_purchase else None
        if factor is not None and line.subscription_id is not None:
            meters.append(_meter(line.subscription_id, factor, line.offer.currency))
    return meters


def counted(document: documents.Document, product_id: str) -> Factor | None:
    """Return the factor that records of an offer count: its first, because pushes do not name one.

    Records of a package of uses count its units at no price, because it is prepaid.
    """
    prices: dict[str, Price] = {price.product_id: price for _spec, _sku, price in document.prices()}
    price = prices.get(product_id)
    if price is not None and price.charging.uses:
        return Factor(code="uses", unit=price.usage_unit)
    return price.factors[0] if price is not None and price.factors else None


def _meter(subscription: int, factor: Factor, currency: str) -> Meter:
    return Meter(
        subscription_id=subscription, code=factor.code, unit=factor.unit.zh, unit_en=factor.unit.en,
        cycle=factor.cycle, accumulation=factor.accumulation, model=str(factor.model), price=factor.amount or NONE,
        bands=[[None if upto is None else f"{upto:f}", f"{band_price:f}"] for upto, band_price in usage_bands(factor)],
        currency=currency,
    )  # fmt: skip


def accumulates_by(model: str, accumulation: str) -> str:
    """Return the accumulation period. Usage without bands accumulates by month, so that a price below the minor unit is
    rounded once."""
    return accumulation if accumulation and PriceModel(model).banded else "month"


@lru_cache(maxsize=4096)
def start_of(begin_at: datetime, by: str, zone: ZoneInfo) -> datetime:
    """Return the start of the accumulation period in the market's time zone."""
    local = begin_at.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight if by == "day" else midnight.replace(day=1)).astimezone(begin_at.tzinfo)
