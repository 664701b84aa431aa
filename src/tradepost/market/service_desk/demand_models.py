"""Demands (需求): what somebody needs and the store does not have, and which sellers were asked for it (business-rules §9)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Seller, User

LONGEST_REQUIREMENT = 2000
LONGEST_ANSWER = 2000
LONGEST_NOTE = 500


class Demand(models.Model):
    """One thing that is asked for. Who asked follows it by a link that holds a secret."""

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("demand", "Being looked at")
        WITH_SELLER = "with_seller", pgettext_lazy("demand", "A seller is asked")
        ANSWERED = "answered", pgettext_lazy("demand", "Answered")
        CLOSED = "closed", pgettext_lazy("demand", "Closed")
        WITHDRAWN = "withdrawn", pgettext_lazy("demand", "Withdrawn")

    class Origin(models.TextChoices):
        PAGE = "page", _("From the page")
        MAIL = "mail", _("From a mail, entered by an operator")

    status = models.CharField(max_length=16, choices=Status, default=Status.OPEN)
    origin = models.CharField(max_length=8, choices=Origin, default=Origin.PAGE)
    buyer = models.ForeignKey(User, models.SET_NULL, null=True, default=None, related_name="+", db_index=False)
    """Who was logged in; none for a visitor."""
    contact = models.CharField(max_length=64)
    email = models.EmailField(blank=True, default="")
    phone = models.CharField(max_length=32, blank=True, default="")
    language = models.CharField(max_length=10)
    """In which whoever asked is written to."""
    requirement = models.CharField(max_length=LONGEST_REQUIREMENT)
    searched = models.CharField(max_length=100, blank=True, default="")
    """The words of a search that found nothing, where it led here."""
    shares_contact = models.BooleanField(default=False)
    """A seller that is asked may see name, mail and telephone."""
    entered_by = models.CharField(max_length=254, blank=True, default="")
    """The operator who entered a mail."""
    token_hash = models.CharField(max_length=64, unique=True)
    sealed_token = models.TextField()
    """Of the link, so that later mails can hold it as well."""
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    """When operators should have answered."""
    answer = models.CharField(max_length=LONGEST_ANSWER, blank=True, default="")
    """Of an operator or a seller, for who asked; of one that was closed, why."""
    product = models.ForeignKey(Product, models.PROTECT, null=True, default=None, related_name="+", db_index=False)
    """What was named for it."""
    seller = models.ForeignKey(Seller, models.PROTECT, null=True, default=None, related_name="+", db_index=False)
    """Who offered it; none where an operator answered."""
    answered_by = models.CharField(max_length=254, blank=True, default="")
    ended_at = models.DateTimeField(null=True, default=None)
    receipt_mailed_at = models.DateTimeField(null=True, default=None)
    answer_mailed_at = models.DateTimeField(null=True, default=None)
    """Of mails to the address that was given, or an SMS in the answer's place: each goes out once."""
    idempotency_key = models.CharField(max_length=64, blank=True, default="", db_default="")
    """Names the request that it came from: the same one, sent again, makes no second demand. Empty where it has none."""

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
    """A demand that operators passed to one seller, for some days (business-rules §17.7)."""

    class Status(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("customer demand", "To be answered")
        ACCEPTED = "accepted", pgettext_lazy("customer demand", "Offered")
        DECLINED = "declined", pgettext_lazy("customer demand", "Declined")
        EXPIRED = "expired", pgettext_lazy("customer demand", "Not answered in time")
        RECALLED = "recalled", pgettext_lazy("customer demand", "No longer needed")

    demand = models.ForeignKey(Demand, models.CASCADE, related_name="passed", db_index=False)
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="+", db_index=False)
    status = models.CharField(max_length=16, choices=Status, default=Status.WAITING)
    note = models.CharField(max_length=LONGEST_NOTE, blank=True, default="")
    """Of the operator, for the seller."""
    passed_at = models.DateTimeField()
    passed_by = models.CharField(max_length=254)
    until = models.DateTimeField()
    """When it goes back to the operators."""
    words = models.CharField(max_length=LONGEST_ANSWER, blank=True, default="")
    """What the seller offers, or why it declines."""
    product = models.ForeignKey(Product, models.PROTECT, null=True, default=None, related_name="+", db_index=False)
    answered_by = models.CharField(max_length=254, blank=True, default="")
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["demand"], condition=Q(status="waiting"), name="customer_demand_one_waits")
        ]
        indexes: ClassVar = [
            models.Index(fields=["seller", "-id"], name="customer_demand_seller"),
            models.Index(fields=["demand", "-id"], name="customer_demand_demand"),
            models.Index(fields=["seller"], condition=Q(status="waiting"), name="customer_demand_waits"),
        ]
