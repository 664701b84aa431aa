"""Stop a service whose package is used up, and resume it when a quota is available (用完即停, business-rules §3.2).

The package that began last decides. The freeze has its own reason: paying arrears does not lift it, and a new package
lifts no other freeze.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from tradepost.market.base import jobs
from tradepost.market.fulfilment.cases import with_product
from tradepost.market.fulfilment.freezing import add_reason, lift
from tradepost.market.fulfilment.operate import settle
from tradepost.market.metering.deduction import stops_at
from tradepost.market.metering.events import PackageChanged, QuotaDeducted
from tradepost.market.metering.models import Package, Quota
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.subscriptions.renewable import LIVE_STATUSES

TIMER = "billing.package_ends"
RETRY_DELAY = timedelta(seconds=1)
"""Delay before retrying a service that is locked by another transaction."""
USED_UP = Freeze.Reason.USED_UP


def on_package_changed(event: PackageChanged, now: datetime) -> None:
    """Reaction: a package was opened, or ended before its time."""
    package = Package.objects.get(pk=event.package)
    if not has_stopping_package(package.service_id):
        return
    _settle_waiting(package.service_id, now)
    jobs.cancel(TIMER, str(package.service_id))
    if (edge := next_boundary(package.service_id, now)) is not None:
        jobs.schedule(TIMER, str(package.service_id), due_at=edge, payload={"service": package.service_id})


def on_quota_deducted(event: QuotaDeducted, now: datetime) -> None:
    """Reaction: a quota was used up, or is available again."""
    if event.before and event.after:
        return
    service = Package.objects.values_list("service", flat=True).get(pk=event.package)
    if has_stopping_package(service):
        _settle_waiting(service, now)


def run(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Timer of a service: a quota begins or ends. A locked service is skipped and retried."""
    service = payload["service"]
    with transaction.atomic():
        subscriptions = Subscription.objects.filter(pk=service, status__in=LIVE_STATUSES)
        locked_services = list(with_product(subscriptions.select_for_update(of=("self",), skip_locked=True)))
        if not locked_services:
            return now + RETRY_DELAY if subscriptions.exists() else None
        _settle(locked_services[0], now)
    return next_boundary(service, now)


def has_stopping_package(service: int) -> bool:
    """Return whether any of its packages stops the service."""
    return Package.objects.filter(service=service, stops=True).exists()


def next_boundary(service: int, now: datetime) -> datetime | None:
    quotas = Quota.objects.filter(service=service)
    edges = [
        quotas.filter(**{f"{name}__gt": now}).order_by(name).values_list(name, flat=True).first()
        for name in ("starts_at", "ends_at")
    ]
    return min((edge for edge in edges if edge is not None), default=None)


def is_stopped(service: int, now: datetime) -> bool:
    """Return whether the service is stopped: the last package stops it and no present quota remains."""
    packages = list(Package.objects.filter(service=service))
    if not stops_at(packages, now):
        return False
    current_quotas = Quota.objects.filter(service=service, starts_at__lte=now, remaining__gt=0, package__closed_at=None)
    return not current_quotas.filter(Q(ends_at=None) | Q(ends_at__gt=now)).exists()


def _settle_waiting(service: int, now: datetime) -> None:
    with transaction.atomic():
        subscriptions = Subscription.objects.filter(pk=service, status__in=LIVE_STATUSES)
        for subscription in with_product(subscriptions.select_for_update(of=("self",))):
            _settle(subscription, now)


def _settle(subscription: Subscription, now: datetime) -> None:
    if is_stopped(subscription.pk, now):
        add_reason([subscription], USED_UP, actor="market", now=now)
    else:
        lift([subscription], USED_UP, now=now)
    settle([subscription], now=now)
