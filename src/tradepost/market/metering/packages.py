"""Open a package for deduction when it is delivered, and close it when it is released.

A package belongs to one pay-per-use service of its buyer: the oldest active one of the same product and unit
(business-rules §3.2; saas-v2 §3.2: a package names the instance to deduct for). A package of uses is its own service.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from tradepost.market.base import outbox, rows
from tradepost.market.base.outbox import batched
from tradepost.market.orders.events import OrderCompleted
from tradepost.market.orders.models import OrderLine
from tradepost.market.orders.prerequisite import service_for_package
from tradepost.market.product_types.charging import modes_with
from tradepost.market.subscriptions.events import SubscriptionReleased
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.paid_time import period_end
from tradepost.protocols.open_api.usage_items import SCALE

from .events import PackageChanged
from .meters import PACKAGES_OF_USES
from .models import Package, Quota


@batched
def on_order_completed(events: Sequence[OrderCompleted], now: datetime) -> None:
    """Reaction: open delivered packages for deduction. Idempotent."""
    lines = OrderLine.objects.filter(
        Q(charging_mode__in=modes_with(lambda mode: mode.quota)) | PACKAGES_OF_USES,
        order__number__in={order_completed.order for order_completed in events},
        subscription__package=None,
    )
    if not rows.has_any(lines):
        return
    for line in lines.select_related("subscription", "offer__sku", "buyer").order_by("pk"):
        subscription = line.subscription
        if (
            subscription is not None
            and subscription.order_line_number == line.number
            and subscription.started_at is not None
        ):
            with transaction.atomic():
                _open(line, subscription, subscription.started_at, now)


def _open(line: OrderLine, subscription: Subscription, started_at: datetime, now: datetime) -> None:
    # Sellers report whole seconds: usage from the second of the opening on is deducted.
    since, until = (
        _rounded_to_second(started_at),
        _rounded_to_second(subscription.expires_at) if subscription.expires_at else None,
    )
    uses = line.charging.uses
    service = subscription if uses else service_for_package(line.buyer, line.offer, of_any_state=True)
    if service is None:
        return  # the service ended while the package was being opened
    package = Package.objects.create(
        subscription=subscription, service=service, seller_id=subscription.seller_id, stops=uses or line.offer.stops_when_used_up,
        reset=line.offer.reset, starts_at=since, ends_at=until,
    )  # fmt: skip
    rows.create(
        Quota(
            package=package, service=service, starts_at=begins, ends_at=ends, amount=_tenthousandths(line.quota_each),
            remaining=_tenthousandths(line.quota_each),
        )
        for begins, ends in windows_of(since, until, package.reset)
    )  # fmt: skip
    outbox.publish(PackageChanged(package=subscription.pk), now=now)


def _rounded_to_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _tenthousandths(quota: Decimal) -> int:
    return int(quota * SCALE)


def windows_of(
    since: datetime, until: datetime | None, reset: str
) -> Iterator[tuple[datetime, datetime | None]]:  # fmt: skip
    """Yield the quota periods between resets, counted from the start in the market's calendar (design money.md §8).
    Without a reset, yield the whole time."""
    if not reset or until is None:
        yield since, until
        return
    begins, number = since, 1
    while begins < until:
        ends = min(period_end(since, reset, number), until)
        yield begins, ends
        begins, number = ends, number + 1


def on_released(event: SubscriptionReleased, now: datetime) -> None:
    """Reaction: close a package that ended before its time."""
    open_packages = Package.objects.filter(pk=event.subscription, closed_at=None)
    if open_packages.update(closed_at=event.at):
        outbox.publish(PackageChanged(package=event.subscription), now=now)
