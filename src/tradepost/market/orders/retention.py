"""How long it is kept which quote an order used: the order itself keeps what it cost and how that came about."""

from __future__ import annotations

from tradepost.market.base.retention import Rule

from .models import Quote

QUOTES = Rule(name="quotes", model=Quote, when="used_at", setting="keep_quotes_days")
