"""A delivery: where an order line stands between payment and its subscription."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tradepost.market.orders.models import OrderLine
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription


class Delivery(models.Model):
    class Status(models.TextChoices):
        CREATING = "creating", _("Creating the instance")
        WAITING_FOR_ACCESS = "access", _("Waiting for the access data")
        STOPPED = "stopped", _("Stopped until the seller restarts it")
        DONE = "done", _("Delivered")
        GAVE_UP = "gave_up", _("Could not be delivered")

    line = models.OneToOneField(OrderLine, models.CASCADE, related_name="delivery")
    subscription = models.OneToOneField(Subscription, models.CASCADE, related_name="delivery")
    status = models.CharField(max_length=16, choices=Status, default=Status.CREATING)
    step = models.PositiveSmallIntegerField(default=0)
    """Place of ``call`` in the product type's plan."""
    call = models.OneToOneField(Call, models.PROTECT, related_name="delivery", null=True, default=None)
    """What the delivery waits for: the end of any other call, or of this one again, does not move it."""
    give_up_at = models.DateTimeField(null=True, default=None)
    """End of the plan: the access data must be there by then. Set when the first call begins."""
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)
