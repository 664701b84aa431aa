"""Complaints of buyers about sellers, which operators decide (business-rules §9, §1.6, §17.6)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller, User
from tradepost.market.orders.models import Order
from tradepost.market.subscriptions.models import Subscription

MAX_LENGTH = 2000


class Complaint(models.Model):
    """A complaint. The seller may reply once; an operator decides."""

    class Status(models.TextChoices):
        ASKED = "asked", pgettext_lazy("complaint", "Seller's answer pending")
        UNANSWERED = "unanswered", pgettext_lazy("complaint", "The seller did not reply")
        REPLIED = "replied", pgettext_lazy("complaint", "The seller replied")
        UPHELD = "upheld", pgettext_lazy("complaint", "Upheld")
        NOT_UPHELD = "not_upheld", pgettext_lazy("complaint", "Not upheld")
        WITHDRAWN = "withdrawn", pgettext_lazy("complaint", "Withdrawn")

    class Reason(models.TextChoices):
        UNREACHABLE = "unreachable", _("The seller cannot be reached")
        NOT_AS_SOLD = "not_as_sold", _("The delivery does not match the product")
        SUPPORT = "support", _("Questions or faults are not handled")
        STEERED_AWAY = "steered_away", _("The seller asks for payment outside the market")
        ABUSE = "abuse", _("The seller insulted or threatened me")
        FAKE_TRADE = "fake_trade", _("Fake orders")
        OTHER = "other", _("Something else")

    buyer = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(Order, models.PROTECT, null=True, default=None, related_name="+", db_index=False)
    subscription = models.ForeignKey(
        Subscription, models.PROTECT, null=True, default=None, related_name="+", db_index=False
    )
    product = models.ForeignKey(Product, models.PROTECT, null=True, default=None, related_name="+", db_index=False)
    about = models.CharField(max_length=64)
    """The subject, for one open complaint each: ``order 12``, ``service 7``, ``product 5``, ``seller``."""
    reason = models.CharField(max_length=16, choices=Reason)
    text = models.CharField(max_length=MAX_LENGTH)
    status = models.CharField(max_length=16, choices=Status, default=Status.ASKED)
    created_at = models.DateTimeField()
    reply_until = models.DateTimeField()
    """When a seller without a reply counts as unreachable (business-rules §17.6)."""
    due_at = models.DateTimeField()
    """Deadline for the operators' decision."""
    reply = models.CharField(max_length=MAX_LENGTH, blank=True, default="")
    replied_at = models.DateTimeField(null=True, default=None)
    replied_by = models.CharField(max_length=254, blank=True, default="")
    decision = models.CharField(max_length=MAX_LENGTH, blank=True, default="")
    decided_by = models.CharField(max_length=254, blank=True, default="")
    points = models.PositiveSmallIntegerField(default=0)
    """Penalty points of the seller, by the rules at the time of the decision."""
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["buyer", "seller", "about"],
                condition=Q(status__in=["asked", "unanswered", "replied"]),
                name="complaint_open_once",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["buyer", "-id"], name="complaint_buyer"),
            models.Index(fields=["seller", "-id"], name="complaint_seller"),
            models.Index(fields=["status", "-id"], name="complaint_status"),
            models.Index(
                fields=["due_at", "id"], condition=Q(status__in=["unanswered", "replied"]), name="complaint_to_decide"
            ),
            models.Index(fields=["seller"], condition=Q(status__in=["asked", "unanswered"]), name="complaint_to_reply"),
            models.Index(fields=["seller", "ended_at"], condition=Q(status="upheld"), name="complaint_upheld"),
        ]

    @property
    def open(self) -> bool:
        return self.status in OPEN_COMPLAINTS


OPEN_COMPLAINTS = (Complaint.Status.ASKED, Complaint.Status.UNANSWERED, Complaint.Status.REPLIED)
