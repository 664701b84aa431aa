"""The usage of a service as the market counts and charges it. The seller's own figures may be older or differ."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.utils import timezone
from msgspec import Struct

from tradepost.market.billing.spans import Span
from tradepost.market.metering.package_queries import balances, has_deductions, package_of
from tradepost.market.metering.seller_queries import used_since
from tradepost.market.subscriptions.models import Subscription


class CurrentUsage(Struct, frozen=True, kw_only=True):
    quantity: Decimal
    this_month: bool
    """For an on-demand service. Otherwise the quantity refers to the package's current quota."""
    reported_until: datetime | None = None


def current_usage(service: Subscription, *, now: datetime) -> CurrentUsage | None:
    """Return the counted usage, or None if nothing of this service has been counted yet."""
    charging = service.offer.charging
    if charging.quota:
        package = package_of(service)
        if package is None or not has_deductions(package):
            return None
        [quota_balance] = balances([package], now=now)
        return CurrentUsage(quantity=quota_balance.used, this_month=False)
    if not charging.postpaid:
        return None
    zone = timezone.get_default_timezone()
    usage = used_since(service, Span.month_of(now.astimezone(zone).date(), zone).begin)
    if usage is None:
        return None
    return CurrentUsage(quantity=usage.quantity, this_month=True, reported_until=usage.latest)
