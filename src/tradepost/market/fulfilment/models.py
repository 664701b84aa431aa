"""Operations (办理): acts on a subscription, in progress or ended."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tradepost.market.compute.models import Task
from tradepost.market.identity.models import Seller
from tradepost.market.orders.models import OrderLine
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription

from .drift_models import Drift

__all__ = ["OPEN", "UNRESOLVED", "Drift", "Operation", "lane_of"]

OPEN = ("queued", "running")
UNRESOLVED = ("queued", "running", "stopped")


class Operation(models.Model):
    """An act in a *lane*: one runs at a time, the others wait in order."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Under way")
        STOPPED = "stopped", _("Stopped")
        DONE = "done", _("Done")
        GAVE_UP = "gave_up", _("Given up")
        DROPPED = "dropped", _("No longer needed")

    class Origin(models.TextChoices):
        BUYER = "buyer", _("Buyer")
        TIMER = "timer", _("Scheduled")
        OPERATOR = "operator", _("Operator")
        SELLER = "seller", _("Seller")
        SANDBOX = "sandbox", _("Try-out in the sandbox")
        MARKET = "market", _("The market itself")

    lane = models.CharField(max_length=64)
    """``instance:<subscription>``; joint operation adds other kinds."""
    subscription = models.ForeignKey(
        Subscription, models.PROTECT, null=True, default=None, related_name="operations", db_index=False
    )
    line = models.ForeignKey(
        OrderLine, models.PROTECT, null=True, default=None, related_name="operations", db_index=False
    )
    """Order line that caused it, if any."""
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="operations", db_index=False)
    kind = models.CharField(max_length=32)
    """Name of a module under ``kinds/``."""
    origin = models.CharField(max_length=8, choices=Origin)
    actor = models.CharField(max_length=254, blank=True, default="")
    wanted = models.JSONField(default=dict)
    """Parameters, as the kind's frozen Struct (``base/stored.py``)."""
    step = models.PositiveSmallIntegerField(default=0)
    """Step of ``call`` in the kind's plan."""
    call = models.OneToOneField(Call, models.PROTECT, null=True, default=None, related_name="operation")
    """Call that it waits for; ends of other calls do not affect it."""
    task = models.OneToOneField(Task, models.PROTECT, null=True, default=None, related_name="operation")
    """Cloud task that it waits for, for services on a server."""
    status = models.CharField(max_length=8, choices=Status, default=Status.QUEUED)
    note = models.CharField(max_length=500, blank=True, default="")
    """Why it stopped, was given up or dropped: a verdict (``production.reasons``) or a sentence."""
    idempotency_key = models.CharField(max_length=96, blank=True, default="")
    give_up_at = models.DateTimeField(null=True, default=None)
    """End of the retry plan, set by the first call."""
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, default=None)
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["lane"], condition=Q(status="running"), name="operation_one_running"),
            models.UniqueConstraint(fields=["line"], condition=Q(line__isnull=False), name="operation_line"),
            models.UniqueConstraint(
                fields=["idempotency_key"], condition=~Q(idempotency_key=""), name="operation_idempotency_key"
            ),
        ]
        indexes = [
            models.Index(
                fields=["subscription", "id"], name="operation_unresolved", condition=Q(status__in=UNRESOLVED)
            ),
            models.Index(fields=["-id"], name="operation_stopped", condition=Q(status="stopped")),
            models.Index(fields=["subscription", "-id"], name="operation_subscription"),
            models.Index(fields=["seller", "-id"], name="operation_seller"),
            models.Index(fields=["seller", "-id"], name="operation_seller_open", condition=Q(status__in=UNRESOLVED)),
        ]


def lane_of(subscription: Subscription) -> str:
    return f"instance:{subscription.pk}"
