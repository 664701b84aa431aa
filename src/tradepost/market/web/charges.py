"""Read the filters of a list of charges from the query string, for all three sites."""

from __future__ import annotations

from django.http import HttpRequest

from tradepost.market.base.numbers import whole_number
from tradepost.market.billing.queries import ChargeFilter
from tradepost.market.billing.usage_months import parse_day, parse_month


def charges_filter(request: HttpRequest) -> ChargeFilter:
    """Parse ``?service=12`` with ``&day=2026-03-01`` or ``&month=2026-03``, and ``state=open``. Invalid values are
    ignored."""
    get = request.GET
    service = whole_number(get.get("service", ""))
    return ChargeFilter(
        subscription=service,
        month=parse_month(get.get("month", "")) if service is not None else None,
        day=parse_day(get.get("day", "")) if service is not None else None,
        open_only=get.get("state") == "open",
    )
