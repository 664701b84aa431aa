"""What a buyer sees of a service: what is being done to it now, and what its past is told from."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.subscriptions.models import Freeze, Period, Subscription

from .cases import kind_of
from .models import UNRESOLVED, Operation
from .operation_lists import with_service
from .waiting import Waiting, Why, shown


class UnderWay(Struct, frozen=True):
    """``waiting`` is None when it stopped. ``troubled_since``: from when on its seller gave no good answer."""

    operation: Operation
    waiting: Waiting | None
    troubled_since: datetime | None


TOLD = frozenset({"unfreeze"})
"""Kinds that a buyer hears of though no order wants them and they do not end the service."""


def under_way(subscription: Subscription) -> list[UnderWay]:
    """What has not ended, the oldest first: what an order of the buyer wants, and what ends the service or gives it back.
    What is done for the market or the seller alone is left out. Two queries."""
    rows = Operation.objects.filter(subscription=subscription, status__in=UNRESOLVED).order_by("pk")
    return [
        UnderWay(one.operation, one.waiting, _troubled_since(one.operation, one.waiting))
        for one in shown(list(with_service(rows)))
        if one.operation.line_id is not None or one.operation.kind in TOLD or kind_of(one.operation).ends
    ]


def _troubled_since(operation: Operation, waiting: Waiting | None) -> datetime | None:
    if waiting is None or operation.call is None or waiting.why not in {Why.RETRY, Why.PAUSED}:
        return None
    return operation.call.first_at or operation.call.address.opened_at


class Past(Struct, frozen=True):
    periods: list[Period]
    freezes: list[Freeze]

    @property
    def reasons(self) -> list[Freeze]:
        """Those that stand."""
        return [one for one in self.freezes if one.lifted_at is None]


def past_of(subscription: Subscription) -> Past:
    """Two queries, each in the order of time."""
    periods = Period.objects.filter(subscription=subscription).order_by("starts_at", "pk")
    return Past(list(periods), list(Freeze.objects.filter(subscription=subscription).order_by("pk")))
