"""Durations for which an offer is sold, shortest first. Automatic renewals use the shortest (business-rules §4.5)."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from tradepost.market.catalog.models import Offer

_DAYS = {"day": 1, "month": 30, "year": 365}
"""Approximate days of each period type, to compare durations."""


class Duration(Struct, frozen=True):
    """``periods`` days, months or years."""

    period_type: str
    periods: int


def durations(offers: Iterable[Offer]) -> list[Duration]:
    """Return the distinct durations of the renewable offers, shortest first."""
    distinct = {
        Duration(offer.period_type, number) for offer in offers if offer.renewable for number in offer.period_numbers
    }
    return sorted(distinct, key=lambda duration: (_DAYS[duration.period_type] * duration.periods, duration.periods))


def shortest_duration(offer: Offer) -> Duration | None:
    """Return the shortest duration for which this edition is on sale; None if it is not renewable."""
    if not offer.renewable:
        return None
    return next(iter(durations(Offer.objects.filter(sku=offer.sku_id, on_sale=True))), None)
