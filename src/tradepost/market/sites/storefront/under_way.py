"""What is being done to a service right now, in a buyer's words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from msgspec import Struct

from tradepost.market.fulfilment.buyer_queries import UnderWay
from tradepost.market.fulfilment.cases import kind_of
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.waiting import Waiting, Why
from tradepost.market.orders.models import OrderLine

TITLES: dict[str, str | Promise] = {
    "convert": gettext_lazy("Making your trial formal"),
    "renew": gettext_lazy("Your renewal"),
    "renew_change": gettext_lazy("Your renewal with a change"),
    "cancel_renewal": gettext_lazy("Taking your renewal back"),
    "upgrade": gettext_lazy("Your change"),
    "unfreeze": gettext_lazy("Opening the service for you again"),
    "release": gettext_lazy("Deleting the service"),
}
"""A kind that is not here is told by its title."""


STOPPED = "stopped"


class Told(Struct, frozen=True):
    """One thing that is under way. ``since``: from when on its seller gave no good answer. ``at``: when it goes on."""

    title: str | Promise
    tone: str
    why: str
    """A ``Why``, or ``STOPPED``."""
    behind: tuple[str | Promise, ...]
    since: datetime | None
    at: datetime | None
    line: OrderLine | None
    by_cloud: bool
    """Whether the operator's cloud does it, and no seller's server is called."""

    @property
    def order_url(self) -> str:
        return reverse("storefront:order", args=[self.line.order.number]) if self.line else ""


def told(found: Sequence[UnderWay]) -> list[Told]:
    """The opening of a service has its own words on its page, so that it is left out."""
    return [_told(one) for one in found if one.operation.kind not in {"open", "issue", "hand_over"}]


def _told(one: UnderWay) -> Told:
    waiting = one.waiting
    behind = waiting.behind if waiting else ()
    return Told(
        title=_title(one.operation),
        tone="bad" if waiting is None else "wait" if one.troubled_since or behind else "info",
        why=waiting.why.value if waiting else STOPPED,
        behind=tuple(_title(other) for other in behind),
        since=one.troubled_since,
        at=_at(waiting),
        line=one.operation.line,
        by_cloud=one.operation.task_id is not None,
    )


def _title(operation: Operation) -> str | Promise:
    return TITLES.get(operation.kind) or kind_of(operation).title


def _at(waiting: Waiting | None) -> datetime | None:
    return waiting.at if waiting is not None and waiting.why in {Why.RETRY, Why.WORKING, Why.PAUSED} else None
