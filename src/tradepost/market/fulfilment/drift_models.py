"""Drift: differences between market and seller about a service, kept until they are settled."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tradepost.market.identity.models import Seller
from tradepost.market.subscriptions.models import Subscription


class Drift(models.Model):
    """One difference of one service, found by a comparison and confirmed by later ones until it is gone."""

    class What(models.TextChoices):
        GONE = "gone", _("The instance does not exist at the seller")
        LEFT = "left", _("The seller still keeps the instance of an ended service")
        PENDING = "pending", _("The seller is still creating it")
        STATE = "state", _("The seller was not notified of the freeze state")
        END = "end", _("The seller may have a different expiry date")
        ACCESS = "access", _("The seller returns different access data")

    class Repair(models.TextChoices):
        PERSON = "person", _("Cannot be repaired by a call: contact the seller")
        RELEASE = "release", _("Ask the seller to delete it")
        RESTART = "restart", _("Restart the operation that stopped")
        TELL_STATE = "tell_state", _("Send the freeze state to the seller")
        TELL_END = "tell_end", _("Send the expiry date to the seller again")
        TAKE_ACCESS = "take_access", _("Use the seller's data")

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="drifts", db_index=False)
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="drifts", db_index=False)
    what = models.CharField(max_length=16, choices=What)
    repair = models.CharField(max_length=16, choices=Repair)
    facts = models.JSONField(default=dict)
    """Both states as JSON values (``drift.Difference.facts``); never a secret."""
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    """Time of the latest comparison that found it."""
    settled_at = models.DateTimeField(null=True, default=None)
    """When a comparison no longer found it."""
    operation = models.ForeignKey(
        "fulfilment.Operation", models.PROTECT, null=True, default=None, related_name="+", db_index=False
    )
    """Latest operation for its repair."""
    repairs = models.PositiveSmallIntegerField(default=0)
    """Number of repair requests."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "what"], condition=Q(settled_at=None), name="drift_stands_once"
            )
        ]
        indexes = [
            models.Index(fields=["-id"], name="drift_standing", condition=Q(settled_at=None)),
            models.Index(fields=["seller", "-id"], name="drift_seller_standing", condition=Q(settled_at=None)),
            models.Index(fields=["subscription", "-id"], name="drift_subscription"),
            models.Index(fields=["found_at", "id"], name="drift_settled", condition=~Q(settled_at=None)),
        ]
