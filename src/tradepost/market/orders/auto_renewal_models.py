"""Model of the plan of an automatic renewal."""

from __future__ import annotations

from django.db import models

from tradepost.market.subscriptions.models import Subscription


class AutoRenewal(models.Model):
    """Next attempt to renew a subscription automatically at its current end date. Created again when the end date
    moves."""

    subscription = models.OneToOneField(Subscription, models.CASCADE, related_name="auto_renewal")
    ends_at = models.DateTimeField()
    """End date for which the plan was made. The plan is void for any other end date."""
    next_at = models.DateTimeField(null=True, default=None)
    """Null if no attempt is left before the service is deleted."""
    tries = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField(null=True, default=None)
    reason = models.CharField(max_length=64, blank=True, default="")
    """Code of the refusal in the last attempt; empty if it succeeded or was not made yet."""
