"""Which of its prices a product is shown with on the shelf."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from .models import Offer


def cheapest(offers: Iterable[Offer]) -> Offer | None:
    """The lowest of what one can simply buy. What is paid by usage cannot be compared with that, so it counts where there
    is nothing else; a package, which needs something first, comes last."""
    return min(offers, key=_rank, default=None)


def _rank(offer: Offer) -> tuple[bool, bool, int, Decimal]:
    mode = offer.charging
    return mode.needs is not None, mode.postpaid, offer.price_minor, offer.usage_price
