"""The rules of refunds as this market's settings say them."""

from __future__ import annotations

from tradepost.market.base.config import config
from tradepost.market.orders.refund_terms import Rules


def rules_now() -> Rules:
    settings = config()
    return Rules(
        no_reason_days=settings.no_reason_days,
        no_reason_per_year=settings.no_reason_per_year,
        negotiable_days=settings.negotiable_days,
    )
