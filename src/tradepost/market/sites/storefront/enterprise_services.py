"""The enterprise of a service whose users sign in through it, for the page of the service."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.applications.buyer_queries import active_binding, enterprises_for, is_joint
from tradepost.market.applications.models import TenantBinding
from tradepost.market.organisations.models import Enterprise
from tradepost.market.subscriptions.models import Subscription


class ServiceEnterprises(Struct, frozen=True):
    """Enterprises of a service. ``binding``: the current one, or None; ``enterprises``: those to which it can be bound."""

    binding: TenantBinding | None
    enterprises: list[Enterprise]


def enterprises_of_service(subscription: Subscription) -> ServiceEnterprises | None:
    """Return the enterprises of a service, or None if its users do not sign in through an enterprise."""
    if not is_joint(subscription):
        return None
    binding = active_binding(subscription)
    usable = subscription.status == Subscription.Status.ACTIVE
    return ServiceEnterprises(binding, enterprises_for(subscription) if binding is None and usable else [])
