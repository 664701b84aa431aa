"""Behaviour of people: each reads a page and sends a form some time later, when the data may have changed."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from tradepost.market.identity.models import User
from tradepost.market.orders.models import Order
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVE_STATUSES

UNPAID_TIMEOUT = timedelta(days=1)
OPERATOR, SELLER = "operator@market.example", "seller"


class PriceChanged(Exception):
    """An ordered item has another price than the one displayed, which is a defect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSubmission:
    """A form that a person sends. ``about``: the key of the service, if there is one. ``do``: returns the order that it
    created."""

    words: str
    do: Callable[[datetime], Order | None]
    about: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageVisit:
    """A person who reads a page, with the time and a random generator."""

    buyer: User
    chance: random.Random
    now: datetime

    def one_of[T](self, candidates: Sequence[T]) -> T | None:
        return self.chance.choice(candidates) if candidates else None


type VisitAction = Callable[[PageVisit], FormSubmission | None]
"""Returns None if the page offers nothing of this kind."""


def check_price(order: Order, displayed: Decimal) -> Order:
    """Return the order if it has the displayed price. Raises ``PriceChanged``."""
    if order.total.major != displayed:
        raise PriceChanged(f"order {order.pk} costs {order.total.major}, and {displayed} was shown")
    return order


def choose_service(look: PageVisit) -> Subscription | None:
    """Return one of the buyer's services."""
    related = ("buyer", "product__seller", "offer__sku__spec__product__seller")
    services = Subscription.objects.select_related(*related).filter(buyer=look.buyer, status__in=LIVE_STATUSES)
    return look.one_of(list(services.order_by("pk")))
