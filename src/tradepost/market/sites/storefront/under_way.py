"""Operations in progress on a service, for its buyer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from msgspec import Struct

from tradepost.market.fulfilment.buyer_queries import OpenOperation
from tradepost.market.fulfilment.cases import kind_of
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.waiting import Waiting, WaitReason
from tradepost.market.orders.models import OrderLine

TITLES: dict[str, str | Promise] = {
    "convert": gettext_lazy("Converting your trial"),
    "renew": gettext_lazy("Your renewal"),
    "renew_change": gettext_lazy("Your renewal with a change"),
    "cancel_renewal": gettext_lazy("Taking your renewal back"),
    "upgrade": gettext_lazy("Your change"),
    "unfreeze": gettext_lazy("Opening the service for you again"),
    "release": gettext_lazy("Ending the service"),
}
"""Other kinds use their own title."""


STOPPED = "stopped"


class OperationInProgress(Struct, frozen=True):
    """An operation in progress. ``since``: start of the seller's invalid responses. ``at``: time of the next step."""

    title: str | Promise
    tone: str
    why: str
    """A ``Why``, or ``STOPPED``."""
    behind: tuple[str | Promise, ...]
    since: datetime | None
    at: datetime | None
    line: OrderLine | None
    by_cloud: bool
    """Whether the operator's cloud does it, without a call to the seller."""

    @property
    def order_url(self) -> str:
        return reverse("storefront:order", args=[self.line.order.number]) if self.line else ""


def operations_in_progress(moves: Sequence[OpenOperation]) -> list[OperationInProgress]:
    """Return the operations. The opening is left out, because the page describes it separately."""
    return [_operation_in_progress(move) for move in moves if move.operation.kind not in {"open", "issue", "hand_over"}]


def _operation_in_progress(move: OpenOperation) -> OperationInProgress:
    waiting = move.waiting
    behind = waiting.behind if waiting else ()
    return OperationInProgress(
        title=_title(move.operation),
        tone="bad" if waiting is None else "wait" if move.troubled_since or behind else "info",
        why=waiting.why.value if waiting else STOPPED,
        behind=tuple(_title(operation) for operation in behind),
        since=move.troubled_since,
        at=_next_step_at(waiting),
        line=move.operation.line,
        by_cloud=move.operation.task_id is not None,
    )


def _title(operation: Operation) -> str | Promise:
    return TITLES.get(operation.kind) or kind_of(operation).title


def _next_step_at(waiting: Waiting | None) -> datetime | None:
    return (
        waiting.at
        if waiting is not None and waiting.why in {WaitReason.RETRY, WaitReason.WORKING, WaitReason.PAUSED}
        else None
    )
