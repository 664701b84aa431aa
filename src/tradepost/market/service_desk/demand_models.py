"""Demands (需求) for products that the store does not offer, and the sellers they were passed to (business-rules §9)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller, User

MAX_REQUIREMENT_LENGTH = 2000
MAX_ANSWER_LENGTH = 2000
MAX_NOTE_LENGTH = 500


class Demand(models.Model):
    """A request for a missing product. The requester follows it by a link with a secret."""

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("demand", "With the operators")
        WITH_SELLER = "with_seller", pgettext_lazy("demand", "With a seller")
        ANSWERED = "answered", pgettext_lazy("demand", "Answered")
        CLOSED = "closed", pgettext_lazy("demand", "Closed")
        WITHDRAWN = "withdrawn", pgettext_lazy("demand", "Withdrawn")

    class Origin(models.TextChoices):
        PAGE = "page", _("From the page")
        MAIL = "mail", _("From an email, entered by an operator")

    status = models.CharField(max_length=16, choices=Status, default=Status.OPEN)
    origin = models.CharField(max_length=8, choices=Origin, default=Origin.PAGE)
    buyer = models.ForeignKey(User, models.SET_NULL, null=True, default=None, related_name="+", db_index=False)
    """The signed-in user; null for a visitor."""
    contact = models.CharField(max_length=64)
    email = models.EmailField(blank=True, default="")
    phone = models.CharField(max_length=32, blank=True, default="")
    language = models.CharField(max_length=10)
    """Language of messages to the requester."""
    requirement = models.CharField(max_length=MAX_REQUIREMENT_LENGTH)
    searched = models.CharField(max_length=100, blank=True, default="")
    """The search without results that led to the demand."""
    shares_contact = models.BooleanField(default=False)
    """Whether sellers may see the requester's name, email and phone number."""
    entered_by = models.CharField(max_length=254, blank=True, default="")
    """The operator who entered a mail."""
    token_hash = models.CharField(max_length=64, unique=True)
    sealed_token = models.TextField()
    """The secret of the link, sealed for use in later mails."""
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    """Deadline for the operators' answer."""
    answer = models.CharField(max_length=MAX_ANSWER_LENGTH, blank=True, default="")
    """The answer of an operator or a seller; for a closed demand, the reason."""
    product = models.ForeignKey(Product, models.PROTECT, null=True, default=None, related_name="+", db_index=False)
    """The product in the answer."""
    seller = models.ForeignKey(Seller, models.PROTECT, null=True, default=None, related_name="+", db_index=False)
    """The seller who offered it; null if an operator answered."""
    answered_by = models.CharField(max_length=254, blank=True, default="")
    ended_at = models.DateTimeField(null=True, default=None)
    receipt_mailed_at = models.DateTimeField(null=True, default=None)
    answer_mailed_at = models.DateTimeField(null=True, default=None)
    """Times of mails to the given address, or of an SMS instead of the answer. Each is sent once."""
    idempotency_key = models.CharField(max_length=64, blank=True, default="", db_default="")
    """Identifies the request, so that a repeated request creates no second demand. May be empty."""

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["status", "-id"], name="demand_status"),
            models.Index(fields=["due_at", "id"], condition=Q(status="open"), name="demand_to_answer"),
            models.Index(fields=["buyer", "-id"], condition=Q(buyer__isnull=False), name="demand_buyer"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["idempotency_key"], condition=~Q(idempotency_key=""), name="demand_idempotency_key"
            )
        ]

    @property
    def open(self) -> bool:
        return self.status in OPEN_DEMANDS


OPEN_DEMANDS = (Demand.Status.OPEN, Demand.Status.WITH_SELLER)


class CustomerDemand(models.Model):
    """A demand that operators passed to a seller for some days (business-rules §17.7)."""

    class Status(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("customer demand", "To be answered")
        ACCEPTED = "accepted", pgettext_lazy("customer demand", "Offered")
        DECLINED = "declined", pgettext_lazy("customer demand", "Declined")
        EXPIRED = "expired", pgettext_lazy("customer demand", "Not answered in time")
        RECALLED = "recalled", pgettext_lazy("customer demand", "No longer needed")

    demand = models.ForeignKey(Demand, models.CASCADE, related_name="passed", db_index=False)
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="+", db_index=False)
    status = models.CharField(max_length=16, choices=Status, default=Status.WAITING)
    note = models.CharField(max_length=MAX_NOTE_LENGTH, blank=True, default="")
    """The operator's note to the seller."""
    passed_at = models.DateTimeField()
    passed_by = models.CharField(max_length=254)
    until = models.DateTimeField()
    """When it returns to the operators."""
    words = models.CharField(max_length=MAX_ANSWER_LENGTH, blank=True, default="")
    """The seller's offer, or the reason for declining."""
    product = models.ForeignKey(Product, models.PROTECT, null=True, default=None, related_name="+", db_index=False)
    answered_by = models.CharField(max_length=254, blank=True, default="")
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["demand"], condition=Q(status="waiting"), name="customer_demand_one_waits")
        ]
        indexes: ClassVar = [
            models.Index(fields=["seller", "-id"], name="customer_demand_seller"),
            models.Index(fields=["seller", "status", "-id"], name="customer_demand_status"),
            models.Index(fields=["demand", "-id"], name="customer_demand_demand"),
            models.Index(fields=["seller"], condition=Q(status="waiting"), name="customer_demand_waits"),
        ]
