"""Services as their buyer sees them: operations in progress and history."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from tradepost.market.subscriptions.models import Freeze, Period, Subscription

from .cases import kind_of
from .models import UNRESOLVED, Operation
from .operation_lists import with_service
from .waiting import Waiting, WaitReason, with_waiting


class OpenOperation(Struct, frozen=True):
    """An open operation. ``waiting``: None if it stopped. ``troubled_since``: since when the seller has not answered
    well."""

    operation: Operation
    waiting: Waiting | None
    troubled_since: datetime | None


SHOWN_KINDS = frozenset({"unfreeze"})
"""Kinds shown to the buyer although no order caused them and they do not end the service."""


def open_operations(subscription: Subscription) -> list[OpenOperation]:
    """Return the open operations of the buyer's orders and those that end or unfreeze the service, oldest first, in two
    queries. Operations for the market or seller alone are left out."""
    rows = Operation.objects.filter(subscription=subscription, status__in=UNRESOLVED).order_by("pk")
    return [
        OpenOperation(
            shown_operation.operation,
            shown_operation.waiting,
            _troubled_since(shown_operation.operation, shown_operation.waiting),
        )
        for shown_operation in with_waiting(list(with_service(rows)))
        if shown_operation.operation.line_id is not None
        or shown_operation.operation.kind in SHOWN_KINDS
        or kind_of(shown_operation.operation).ends
    ]


def _troubled_since(operation: Operation, waiting: Waiting | None) -> datetime | None:
    if waiting is None or operation.call is None or waiting.why not in {WaitReason.RETRY, WaitReason.PAUSED}:
        return None
    return operation.call.first_at or operation.call.address.opened_at


class History(Struct, frozen=True):
    periods: list[Period]
    freezes: list[Freeze]

    @property
    def reasons(self) -> list[Freeze]:
        """Active freezes."""
        return [freeze for freeze in self.freezes if freeze.lifted_at is None]


def history_of(subscription: Subscription) -> History:
    """Return the history in two queries, each in order of time."""
    periods = Period.objects.filter(subscription=subscription).order_by("starts_at", "pk")
    return History(list(periods), list(Freeze.objects.filter(subscription=subscription).order_by("pk")))
