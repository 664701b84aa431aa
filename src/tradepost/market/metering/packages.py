"""A package becomes something that usage is deducted from when it is opened, and stops being so when it is released.

It belongs to one service on demand of its buyer: the same product, counted in the same unit, the oldest that is in use
(business-rules §3.2; saas-v2 §3.2: a package names the one instance that it deducts for). A package of uses is that service itself.
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
from tradepost.market.orders.prerequisite import deducted_from
from tradepost.market.product_types.charging import modes_that
from tradepost.market.subscriptions.events import SubscriptionReleased
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.paid_time import period_end
from tradepost.protocols.open_api.usage_items import SCALE

from .events import PackageChanged
from .meters import PACKAGES_OF_USES
from .models import Package, Quota


@batched
def on_order_completed(events: Sequence[OrderCompleted], now: datetime) -> None:
    """Reaction: from the beginning of its time on usage is deducted from a package that was opened. A repeat changes nothing."""
    lines = OrderLine.objects.filter(
        Q(charging_mode__in=modes_that(lambda mode: mode.quota)) | PACKAGES_OF_USES,
        order__number__in={one.order for one in events},
        subscription__package=None,
    )
    if not rows.any_of(lines):
        return
    for line in lines.select_related("subscription", "offer__sku", "buyer").order_by("pk"):
        held = line.subscription
        if held is not None and held.order_line_number == line.number and held.started_at is not None:
            with transaction.atomic():
                _open(line, held, held.started_at, now)


def _open(line: OrderLine, held: Subscription, started_at: datetime, now: datetime) -> None:
    # Sellers say times in whole seconds: what was used from the very second of the opening on is deducted.
    since, until = _whole_second(started_at), _whole_second(held.expires_at) if held.expires_at else None
    uses = line.charging.uses
    service = held if uses else deducted_from(line.buyer, line.offer, of_any_state=True)
    if service is None:
        return  # it ended while the package was being opened: nothing is used that could be deducted
    package = Package.objects.create(
        subscription=held, service=service, seller_id=held.seller_id, stops=uses or line.offer.stops_when_used_up,
        reset=line.offer.reset, starts_at=since, ends_at=until,
    )  # fmt: skip
    rows.create(
        Quota(
            package=package, service=service, starts_at=begins, ends_at=ends, amount=_tenthousandths(line.quota_each),
            remaining=_tenthousandths(line.quota_each),
        )
        for begins, ends in windows_of(since, until, package.reset)
    )  # fmt: skip
    outbox.publish(PackageChanged(package=held.pk), now=now)


def _whole_second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _tenthousandths(quota: Decimal) -> int:
    return int(quota * SCALE)


def windows_of(
    since: datetime, until: datetime | None, reset: str
) -> Iterator[tuple[datetime, datetime | None]]:  # fmt: skip
    """The times after which it is full again, counted from its own beginning (design money.md §8), by the calendar of the
    market's zone; without a reset its whole time."""
    if not reset or until is None:
        yield since, until
        return
    begins, number = since, 1
    while begins < until:
        ends = min(period_end(since, reset, number), until)
        yield begins, ends
        begins, number = ends, number + 1


def on_released(event: SubscriptionReleased, now: datetime) -> None:
    """Reaction: what is left of a package that ended before its time can be used no more."""
    open_ = Package.objects.filter(pk=event.subscription, closed_at=None)
    if open_.update(closed_at=event.at):
        outbox.publish(PackageChanged(package=event.subscription), now=now)
