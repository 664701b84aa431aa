"""Data for settlement in the market of ``many``: a part of ``everything``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tradepost.market.settlement import timers
from tradepost.market.settlement.calendar import month_before
from tradepost.market.settlement.run import SIGN_BY_TIMER

from .event_facts import fetch_row, of_seller

MORE_SETTLEMENT_QUERIES: Mapping[str, tuple[str, ...]] = {
    "seller/settlements/": ("status=paid", "status=countersign"),
    "console/settlements/": ("status=", "status=paid", "status=&seller={seller}"),
}
"""Lists are also asked in these ways."""


def settlement_facts() -> Mapping[str, str]:
    """Return statements of seller 1, the largest, its fee invoice, and its newest payment to the market."""
    statement = of_seller("settlement_statement", "id")
    [invoice] = fetch_row("SELECT max(id) FROM invoices_invoice WHERE payer_id = 1")
    return {
        "statement": statement,
        "paying_statement": statement,
        "fee_invoice": str(invoice),
        "repayment": of_seller("payments_intent", "number"),
    }


def moments_of_settlement(now: datetime) -> Mapping[str, list[tuple[str, dict[str, Any], datetime]]]:
    """Return the timers of settlement, with the moments at which they do something."""
    month = month_before(now.date().replace(day=1))
    [account] = fetch_row("SELECT id FROM payments_account WHERE kind = 'seller' AND seller_id = 1")
    return {
        timers.NIGHTLY_TIMER: [("", {}, now)],
        timers.MONTHLY_TIMER: [("", {}, now)],
        timers.STATEMENT_TIMER: [("", {"account": account, "month": month.isoformat()}, now)],
        SIGN_BY_TIMER: [("", {"statement": int(of_seller("settlement_statement", "id"))}, now)],
    }
