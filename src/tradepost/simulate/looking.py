"""How people act: each looks at a page first, and sends what it saw fit some time later, when all may be another."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from tradepost.market.identity.models import User
from tradepost.market.orders.models import Order
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVING

UNPAID_TIMEOUT = timedelta(days=1)
OPERATOR, SELLER = "operator@market.example", "seller"


class NotAsShown(Exception):
    """What was ordered costs another sum than what was shown: whoever reads this found a defect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What somebody sends. ``about``: the key of the service, where there is one. ``do`` gives the order that it made."""

    words: str
    do: Callable[[datetime], Order | None]
    about: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Who looks at a page, when, with which chance."""

    buyer: User
    chance: random.Random
    now: datetime

    def one_of[T](self, found: Sequence[T]) -> T | None:
        return self.chance.choice(found) if found else None


type Visit = Callable[[Look], Post | None]
"""None where the page offers nothing of the kind."""


def as_shown(order: Order, shown: Decimal) -> Order:
    """The order, which costs what its buyer saw. Raises ``NotAsShown``."""
    if order.total.major != shown:
        raise NotAsShown(f"order {order.pk} costs {order.total.major}, and {shown} was shown")
    return order


def held_by(look: Look) -> Subscription | None:
    """One of the services that the buyer has."""
    about = ("buyer", "product__seller", "offer__sku__spec__product__seller")
    own = Subscription.objects.select_related(*about).filter(buyer=look.buyer, status__in=LIVING)
    return look.one_of(list(own.order_by("pk")))
