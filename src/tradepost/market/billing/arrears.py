"""Arrears: what becomes of services on demand while their buyer owes for usage (business-rules §4.4).

They begin with the first charge that the balance does not cover; the level of that moment says when the services are frozen,
and when they are deleted. Paying lifts what arrears froze, and nothing that another reason froze. It never touches accounts:
those are locked last, so that what moved them tells by an event.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from tradepost.market.product_types.charging import modes_that
from tradepost.market.subscriptions.levels import Levels, levels_of
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.subscriptions.renewable import LIVING

from .events import ArrearsBegan, ArrearsCleared, DebtChanged
from .lifecycle import ARREARS, ArrearsEvent
from .models import Arrears, Charge

TIMER = "billing.arrears"
AGAIN = timedelta(seconds=1)
"""After which a service that somebody worked on is asked for again."""
Status = Arrears.Status


def levels_by(settings: Config) -> Levels:
    """What the settings say of services on demand."""
    return levels_of(
        default=settings.default_level, grace_days=settings.on_demand_grace_days,
        retention_days=settings.on_demand_retention_days,
    )  # fmt: skip


def owed(buyer: User, currency: str) -> Money:
    """For usage, by charges that are not paid."""
    open_ = Charge.objects.filter(buyer=buyer, currency=currency, open_minor__gt=0)
    return Money(open_.aggregate(total=Sum("open_minor"))["total"] or 0, currency)


def standing(buyer: User, currency: str) -> Arrears | None:
    return Arrears.objects.filter(buyer=buyer, currency=currency, ended_at=None).first()


def on_debt_changed(event: DebtChanged, now: datetime, *, levels: Levels) -> None:
    """Arrears begin, or end, by what is owed now; a repeat finds it so already."""
    buyer = User.objects.get(pk=event.buyer)
    with transaction.atomic():
        # Services are locked first; arrears themselves last of all, by the move that finds them as they were read.
        services = _on_demand(buyer, event.currency) if standing(buyer, event.currency) else []
        known = standing(buyer, event.currency)
        owes = owed(buyer, event.currency).minor > 0
        if owes and known is None:
            _begin(buyer, event.currency, levels, now)
        elif known is not None and not owes:
            _clear(known, services, now)


def _on_demand(buyer: User, currency: str, *, skip_locked: bool = False) -> list[Subscription]:
    """Services that are charged by usage and not ended, locked."""
    asked = Subscription.objects.filter(
        buyer=buyer, status__in=LIVING, offer__currency=currency,
        offer__charging_mode__in=modes_that(lambda mode: mode.postpaid),
    )  # fmt: skip
    return list(with_product(asked.select_for_update(of=("self",), skip_locked=skip_locked)).order_by("pk"))


def _begin(buyer: User, currency: str, levels: Levels, now: datetime) -> None:
    terms = levels.of(buyer.level)
    freezes_at = now + terms.grace
    begun = Arrears.objects.create(
        buyer=buyer, currency=currency, level=levels.level(buyer.level), began_at=now, freezes_at=freezes_at,
        releases_at=freezes_at + terms.retention,
    )  # fmt: skip
    jobs.schedule(TIMER, str(begun.pk), due_at=freezes_at, payload={"arrears": begun.pk})
    outbox.publish(ArrearsBegan(arrears=begun.pk), now=now)


def _clear(held: Arrears, services: list[Subscription], now: datetime) -> None:
    """Their timer ends by itself when it finds them so: to take it away here would lock it after the services."""
    lift(services, Freeze.Reason.ARREARS, now=now)
    # Drops a freeze that is still queued, and asks for the thaw of what the seller froze.
    settle(services, now=now)
    ARREARS.move_all([held], ArrearsEvent.PAY, now=now, ended_at=now)
    outbox.publish(ArrearsCleared(arrears=held.pk), now=now)


def run(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """The timer of arrears: freeze, then delete. No service is waited for: who holds it comes first."""
    known = Arrears.objects.filter(pk=payload["arrears"], ended_at=None).select_related("buyer").first()
    if known is None:
        return None
    services = _on_demand(known.buyer, known.currency, skip_locked=True)
    held = Arrears.objects.select_related("buyer").get(pk=known.pk)  # as it is now that the services are held
    if held.ended_at is not None or not owed(held.buyer, held.currency).minor:
        return None  # paid: its event ends them
    passed_over = _number(held) - len(services)
    if held.status in {Status.GRACE, Status.FROZEN} and now >= held.freezes_at:
        add_reason(services, Freeze.Reason.ARREARS, actor="market", now=now)
    if held.status == Status.FROZEN and now >= held.releases_at:
        operate(
            [OperationRequest(kind="release", subscription=one, origin=Operation.Origin.TIMER) for one in services], now=now
        )  # fmt: skip
    settle(services, now=now)
    if passed_over:
        return now + AGAIN
    return _moved_on(held, now)


def _moved_on(held: Arrears, now: datetime) -> datetime | None:
    if held.status == Status.GRACE:
        if now < held.freezes_at:
            return held.freezes_at
        ARREARS.move(held, ArrearsEvent.FREEZE, now=now)
        return held.releases_at
    if held.status == Status.FROZEN and now >= held.releases_at:
        ARREARS.move(held, ArrearsEvent.RELEASE, now=now)
        return None
    return held.releases_at if held.status == Status.FROZEN else None


def _number(held: Arrears) -> int:
    return Subscription.objects.filter(
        buyer=held.buyer, status__in=LIVING, offer__currency=held.currency,
        offer__charging_mode__in=modes_that(lambda mode: mode.postpaid),
    ).count()  # fmt: skip
