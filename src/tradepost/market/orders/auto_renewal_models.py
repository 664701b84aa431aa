"""The plan of an automatic renewal: when it is tried next, and what came of the tries before."""

from __future__ import annotations

from django.db import models

from tradepost.market.subscriptions.models import Subscription


class AutoRenewal(models.Model):
    """Of a subscription that is to be renewed automatically, for its present end. Made anew when that moves."""

    subscription = models.OneToOneField(Subscription, models.CASCADE, related_name="auto_renewal")
    ends_at = models.DateTimeField()
    """The end that it is for: of another one it says nothing."""
    next_at = models.DateTimeField(null=True, default=None)
    """Null when no try is left before the service is deleted."""
    tries = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField(null=True, default=None)
    reason = models.CharField(max_length=64, blank=True, default="")
    """Code of the refusal that the last try met; empty when it was ordered, or not tried yet."""
