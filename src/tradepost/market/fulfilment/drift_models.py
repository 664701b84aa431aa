"""Drift: where market and seller do not say the same of a service, kept until it is settled."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tradepost.market.identity.models import Seller
from tradepost.market.subscriptions.models import Subscription


class Drift(models.Model):
    """One difference of one service, found by a comparison and seen again by later ones until it is gone."""

    class What(models.TextChoices):
        GONE = "gone", _("The seller does not know it")
        LEFT = "left", _("The seller still has it, though it has ended")
        PENDING = "pending", _("The seller is still making it")
        STATE = "state", _("The seller was not told whether it is frozen")
        END = "end", _("The seller may know another end")
        ACCESS = "access", _("The seller gives other access data")

    class Repair(models.TextChoices):
        PERSON = "person", _("No call repairs it: talk to the seller")
        RELEASE = "release", _("Ask the seller to delete it")
        RESTART = "restart", _("Restart the operation that stopped")
        TELL_STATE = "tell_state", _("Tell the seller whether it is frozen")
        TELL_END = "tell_end", _("Tell the seller the end again")
        TAKE_ACCESS = "take_access", _("Take over what the seller gives")

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="drifts", db_index=False)
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="drifts", db_index=False)
    what = models.CharField(max_length=16, choices=What)
    repair = models.CharField(max_length=16, choices=Repair)
    facts = models.JSONField(default=dict)
    """What each side says, in values of JSON (``drift.Found.facts``); never a secret."""
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    """By the latest comparison that found it."""
    settled_at = models.DateTimeField(null=True, default=None)
    """When a comparison found it no more."""
    operation = models.ForeignKey(
        "fulfilment.Operation", models.PROTECT, null=True, default=None, related_name="+", db_index=False
    )
    """The latest that was to repair it."""
    repairs = models.PositiveSmallIntegerField(default=0)
    """How often somebody asked for that."""

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
