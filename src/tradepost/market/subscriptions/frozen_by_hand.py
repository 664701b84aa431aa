"""Whether an operator's freeze stands: nobody renews such a service meanwhile, and its time runs on (operations.md §7)."""

from __future__ import annotations

from collections.abc import Iterable

from .models import Freeze, Subscription


def frozen_by_hand(subscriptions: Iterable[Subscription]) -> set[int]:
    """Those of these (by pk) of which one stands. One question for all that are frozen; none where none is."""
    frozen = [one.pk for one in subscriptions if one.status == Subscription.Status.FROZEN]
    if not frozen:
        return set()
    standing = Freeze.objects.filter(subscription__in=frozen, reason=Freeze.Reason.OPERATOR, lifted_at=None)
    return set(standing.values_list("subscription_id", flat=True))
