"""The rules of refunds from the market's settings."""

from __future__ import annotations

from tradepost.market.base.config import config
from tradepost.market.orders.refund_terms import RefundRules


def rules_now() -> RefundRules:
    settings = config()
    return RefundRules(
        no_reason_days=settings.orders.no_reason_days,
        no_reason_per_year=settings.orders.no_reason_per_year,
        negotiable_days=settings.orders.negotiable_days,
    )
