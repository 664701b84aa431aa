"""How much of a service was used, as the market counts and charges it. The seller's own answer is older and may differ."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.utils import timezone
from msgspec import Struct

from tradepost.market.billing.spans import Span
from tradepost.market.metering.package_queries import has_deductions, package_of, standings
from tradepost.market.metering.seller_queries import used_since
from tradepost.market.subscriptions.models import Subscription


class UsedNow(Struct, frozen=True, kw_only=True):
    quantity: Decimal
    this_month: bool
    """Of a service on demand. Otherwise: of the quota that a package has now."""
    reported_until: datetime | None = None


def used_now(service: Subscription, *, now: datetime) -> UsedNow | None:
    """Return what the market has counted, or None if it has not counted anything of this service yet."""
    charging = service.offer.charging
    if charging.quota:
        package = package_of(service)
        if package is None or not has_deductions(package):
            return None
        [standing] = standings([package], now=now)
        return UsedNow(quantity=standing.used, this_month=False)
    if not charging.postpaid:
        return None
    zone = timezone.get_default_timezone()
    used = used_since(service, Span.month_of(now.astimezone(zone).date(), zone).begin)
    if used is None:
        return None
    return UsedNow(quantity=used.quantity, this_month=True, reported_until=used.latest)
