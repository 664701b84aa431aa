"""Stop a service whose package is used up, and let it go on when there is something to deduct from again (用完即停,
business-rules §3.2).

The package that began last says whether the service stops. It is frozen for a reason of its own: paying arrears does not lift
it, and a new package lifts nothing else.
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
from tradepost.market.subscriptions.renewable import LIVING

TIMER = "billing.package_ends"
AGAIN = timedelta(seconds=1)
"""After which a service that somebody worked on is asked for again."""
USED_UP = Freeze.Reason.USED_UP


def on_package_changed(event: PackageChanged, now: datetime) -> None:
    """Reaction: a package was opened, or ended before its time."""
    package = Package.objects.get(pk=event.package)
    if not stops_somewhere(package.service_id):
        return
    _settle_waiting(package.service_id, now)
    jobs.cancel(TIMER, str(package.service_id))
    if (edge := next_edge(package.service_id, now)) is not None:
        jobs.schedule(TIMER, str(package.service_id), due_at=edge, payload={"service": package.service_id})


def on_quota_deducted(event: QuotaDeducted, now: datetime) -> None:
    """Reaction: nothing is left of a quota, or something is again."""
    if event.before and event.after:
        return
    service = Package.objects.values_list("service", flat=True).get(pk=event.package)
    if stops_somewhere(service):
        _settle_waiting(service, now)


def run(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """The timer of a service: one of its quotas begins or ends. No service is waited for: who holds it comes first."""
    service = payload["service"]
    with transaction.atomic():
        asked = Subscription.objects.filter(pk=service, status__in=LIVING)
        held = list(with_product(asked.select_for_update(of=("self",), skip_locked=True)))
        if not held:
            return now + AGAIN if asked.exists() else None
        _settle(held[0], now)
    return next_edge(service, now)


def stops_somewhere(service: int) -> bool:
    """Whether any of its packages ever was one that stops it; of all others nothing is looked at."""
    return Package.objects.filter(service=service, stops=True).exists()


def next_edge(service: int, now: datetime) -> datetime | None:
    quotas = Quota.objects.filter(service=service)
    edges = [
        quotas.filter(**{f"{name}__gt": now}).order_by(name).values_list(name, flat=True).first()
        for name in ("starts_at", "ends_at")
    ]
    return min((edge for edge in edges if edge is not None), default=None)


def is_stopped(service: int, now: datetime) -> bool:
    """Whether a package stops it now: the last one says that it does, and of none that holds now anything is left."""
    packages = list(Package.objects.filter(service=service))
    if not stops_at(packages, now):
        return False
    current = Quota.objects.filter(service=service, starts_at__lte=now, remaining__gt=0, package__closed_at=None)
    return not current.filter(Q(ends_at=None) | Q(ends_at__gt=now)).exists()


def _settle_waiting(service: int, now: datetime) -> None:
    with transaction.atomic():
        asked = Subscription.objects.filter(pk=service, status__in=LIVING)
        for held in with_product(asked.select_for_update(of=("self",))):
            _settle(held, now)


def _settle(held: Subscription, now: datetime) -> None:
    if is_stopped(held.pk, now):
        add_reason([held], USED_UP, actor="market", now=now)
    else:
        lift([held], USED_UP, now=now)
    settle([held], now=now)
