"""Durations that something is sold for, shortest first: an automatic renewal takes the shortest one (business-rules §4.5)."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from tradepost.market.catalog.models import Offer

_DAYS = {"day": 1, "month": 30, "year": 365}
"""About as long as a period is, to compare durations."""


class Duration(Struct, frozen=True):
    """``periods`` days, months or years."""

    period_type: str
    periods: int


def durations(offers: Iterable[Offer]) -> list[Duration]:
    """Of what can be renewed, each once, shortest first."""
    found = {
        Duration(offer.period_type, number) for offer in offers if offer.renewable for number in offer.period_numbers
    }
    return sorted(found, key=lambda one: (_DAYS[one.period_type] * one.periods, one.periods))


def shortest_duration(offer: Offer) -> Duration | None:
    """For which the edition of this offer is sold; None where it cannot be renewed."""
    if not offer.renewable:
        return None
    return next(iter(durations(Offer.objects.filter(sku=offer.sku_id, on_sale=True))), None)
