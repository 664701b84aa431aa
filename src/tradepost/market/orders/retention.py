"""Retention of quotes. The order itself keeps its price and breakdown."""

from __future__ import annotations

from tradepost.market.base.retention import Rule

from .models import Quote

QUOTES = Rule(name="quotes", model=Quote, when="used_at", setting="keep_quotes_days")
