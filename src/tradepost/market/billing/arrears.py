"""Arrears: freeze and delete pay-per-use services while their buyer owes for usage (business-rules §4.4).

Arrears begin with the first charge that the balance does not cover; the buyer's level at that moment decides when
services are frozen and deleted. Payment lifts only freezes caused by arrears. Accounts are locked last, so account
changes arrive here as events.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Sum

from tradepost.market.base import jobs, outbox
from tradepost.market.base.config import Config
from tradepost.market.base.money import Money
from tradepost.market.fulfilment.cases import with_product
from tradepost.market.fulfilment.freezing import add_reason, lift
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.operate import OperationRequest, operate, settle
from tradepost.market.identity.models import User
from tradepost.market.product_types.charging import modes_with
from tradepost.market.subscriptions.levels import Levels, levels_of
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.subscriptions.renewable import LIVE_STATUSES

from .events import ArrearsBegan, ArrearsCleared, DebtChanged
from .lifecycle import ARREARS, ArrearsEvent
from .models import Arrears, Charge

TIMER = "billing.arrears"
RETRY_DELAY = timedelta(seconds=1)
"""Delay before retrying services that are locked by another transaction."""
Status = Arrears.Status


def levels_from(settings: Config) -> Levels:
    """Return the grace and retention of pay-per-use services from the settings."""
    return levels_of(
        default=settings.subscriptions.default_level, grace_days=settings.billing.on_demand_grace_days,
        retention_days=settings.billing.on_demand_retention_days,
    )  # fmt: skip


def debt_of(buyer: User, currency: str) -> Money:
    """Return the debt from unpaid charges."""
    unpaid = Charge.objects.filter(buyer=buyer, currency=currency, open_minor__gt=0)
    return Money(unpaid.aggregate(total=Sum("open_minor"))["total"] or 0, currency)


def open_arrears(buyer: User, currency: str) -> Arrears | None:
    return Arrears.objects.filter(buyer=buyer, currency=currency, ended_at=None).first()


def open_arrears_of(buyers: Collection[int]) -> list[Arrears]:
    """Return the open arrears of many buyers, in one query."""
    return list(Arrears.objects.filter(buyer__in=buyers, ended_at=None))


def on_debt_changed(event: DebtChanged, now: datetime, *, levels: Levels) -> None:
    """Reaction: begin or end arrears according to the present debt. Idempotent."""
    buyer = User.objects.get(pk=event.buyer)
    with transaction.atomic():
        # Services are locked first, arrears last by the state transition.
        services = _on_demand(buyer, event.currency) if open_arrears(buyer, event.currency) else []
        arrears = open_arrears(buyer, event.currency)
        owes = debt_of(buyer, event.currency).minor > 0
        if owes and arrears is None:
            _begin(buyer, event.currency, levels, now)
        elif arrears is not None and not owes:
            _clear(arrears, services, now)


def _on_demand(buyer: User, currency: str, *, skip_locked: bool = False) -> list[Subscription]:
    """Return and lock the buyer's pay-per-use services that have not ended."""
    subscriptions = Subscription.objects.filter(
        buyer=buyer, status__in=LIVE_STATUSES, offer__currency=currency,
        offer__charging_mode__in=modes_with(lambda mode: mode.postpaid),
    )  # fmt: skip
    return list(with_product(subscriptions.select_for_update(of=("self",), skip_locked=skip_locked)).order_by("pk"))


def _begin(buyer: User, currency: str, levels: Levels, now: datetime) -> None:
    terms = levels.of(buyer.level)
    freezes_at = now + terms.grace
    arrears = Arrears.objects.create(
        buyer=buyer, currency=currency, level=levels.level(buyer.level), began_at=now, freezes_at=freezes_at,
        releases_at=freezes_at + terms.retention,
    )  # fmt: skip
    jobs.schedule(TIMER, str(arrears.pk), due_at=freezes_at, payload={"arrears": arrears.pk})
    outbox.publish(ArrearsBegan(arrears=arrears.pk), now=now)


def _clear(arrears: Arrears, services: list[Subscription], now: datetime) -> None:
    """End the arrears. Their timer ends by itself; cancelling it here would violate the lock order."""
    lift(services, Freeze.Reason.ARREARS, now=now)
    # Drops queued freezes and requests an unfreeze from the seller.
    settle(services, now=now)
    ARREARS.move_all([arrears], ArrearsEvent.PAY, now=now, ended_at=now)
    outbox.publish(ArrearsCleared(arrears=arrears.pk), now=now)


def run(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Timer of arrears: freeze, then delete. Locked services are skipped and retried."""
    arrears = Arrears.objects.filter(pk=payload["arrears"], ended_at=None).select_related("buyer").first()
    if arrears is None:
        return None
    services = _on_demand(arrears.buyer, arrears.currency, skip_locked=True)
    # Read again under the locks of the services.
    current_arrears = Arrears.objects.select_related("buyer").get(pk=arrears.pk)
    if current_arrears.ended_at is not None or not debt_of(current_arrears.buyer, current_arrears.currency).minor:
        return None  # paid: the event ends the arrears
    skipped_count = _count_services(current_arrears) - len(services)
    if current_arrears.status in {Status.GRACE, Status.FROZEN} and now >= current_arrears.freezes_at:
        add_reason(services, Freeze.Reason.ARREARS, actor="market", now=now)
    if current_arrears.status == Status.FROZEN and now >= current_arrears.releases_at:
        operate(
            [OperationRequest(kind="release", subscription=service, origin=Operation.Origin.TIMER) for service in services], now=now
        )  # fmt: skip
    settle(services, now=now)
    if skipped_count:
        return now + RETRY_DELAY
    return _next_step(current_arrears, now)


def _next_step(arrears: Arrears, now: datetime) -> datetime | None:
    if arrears.status == Status.GRACE:
        if now < arrears.freezes_at:
            return arrears.freezes_at
        ARREARS.move(arrears, ArrearsEvent.FREEZE, now=now)
        return arrears.releases_at
    if arrears.status == Status.FROZEN and now >= arrears.releases_at:
        ARREARS.move(arrears, ArrearsEvent.RELEASE, now=now)
        return None
    return arrears.releases_at if arrears.status == Status.FROZEN else None


def _count_services(arrears: Arrears) -> int:
    return Subscription.objects.filter(
        buyer=arrears.buyer, status__in=LIVE_STATUSES, offer__currency=arrears.currency,
        offer__charging_mode__in=modes_with(lambda mode: mode.postpaid),
    ).count()  # fmt: skip
