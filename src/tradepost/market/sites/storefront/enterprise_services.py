"""What the page of a service shows of the enterprise whose people sign in to it."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.applications.buyer_queries import enterprises_for, is_joint, living_binding
from tradepost.market.applications.models import TenantBinding
from tradepost.market.organisations.models import Enterprise
from tradepost.market.subscriptions.models import Subscription


class Joint(Struct, frozen=True):
    """``binding``: to an enterprise, if there is one; ``enterprises``: to which it can be bound."""

    binding: TenantBinding | None
    enterprises: list[Enterprise]


def shown(subscription: Subscription) -> Joint | None:
    """None for a service to which nobody signs in by way of an enterprise."""
    if not is_joint(subscription):
        return None
    binding = living_binding(subscription)
    usable = subscription.status == Subscription.Status.ACTIVE
    return Joint(binding, enterprises_for(subscription) if binding is None and usable else [])
