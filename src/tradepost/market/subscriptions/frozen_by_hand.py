"""Freezes by an operator: such a service cannot be renewed, and its paid time continues to run (operations.md §7)."""

from __future__ import annotations

from collections.abc import Iterable

from .models import Freeze, Subscription


def frozen_by_hand(subscriptions: Iterable[Subscription]) -> set[int]:
    """Return the keys of the subscriptions that an operator has frozen. One query if any is frozen, otherwise none."""
    frozen = [subscription.pk for subscription in subscriptions if subscription.status == Subscription.Status.FROZEN]
    if not frozen:
        return set()
    active = Freeze.objects.filter(subscription__in=frozen, reason=Freeze.Reason.OPERATOR, lifted_at=None)
    return set(active.values_list("subscription_id", flat=True))
