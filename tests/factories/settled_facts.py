"""Settlement in the market of ``many``: a part of ``everything``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tradepost.market.settlement import timers
from tradepost.market.settlement.calendar import month_before
from tradepost.market.settlement.run import SIGN_BY

from .event_facts import of_seller, one

MORE_OF_SETTLEMENT: Mapping[str, tuple[str, ...]] = {
    "seller/settlements/": ("status=paid", "status=countersign"),
    "console/settlements/": ("status=", "status=paid", "status=&seller={seller}"),
}
"""Lists are also asked in these ways."""


def facts_of_settlement() -> Mapping[str, str]:
    """Statements of seller 1, the largest, and its invoice over a fee."""
    statement = of_seller("settlement_statement", "id")
    [invoice] = one("SELECT max(id) FROM invoices_invoice WHERE payer_id = 1")
    return {"statement": statement, "paying_statement": statement, "fee_invoice": str(invoice)}


def of_settlement(now: datetime) -> Mapping[str, list[tuple[str, dict[str, Any], datetime]]]:
    """Its timers at the moments at which they do something."""
    month = month_before(now.date().replace(day=1))
    [account] = one("SELECT id FROM payments_account WHERE kind = 'seller' AND seller_id = 1")
    return {
        timers.NIGHT: [("", {}, now)],
        timers.MONTH: [("", {}, now)],
        timers.ONE: [("", {"account": account, "month": month.isoformat()}, now)],
        SIGN_BY: [("", {"statement": int(of_seller("settlement_statement", "id"))}, now)],
    }
