"""Requests for approval, and the amount above which an act needs one (decision 0107)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, pgettext_lazy

from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller, User


class Request(models.Model):
    """An act that one operator requested and a second operator decides about."""

    class Status(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("approval", "Waiting for approval")
        APPROVED = "approved", pgettext_lazy("approval", "Approved")
        REJECTED = "rejected", pgettext_lazy("approval", "Rejected")
        WITHDRAWN = "withdrawn", pgettext_lazy("approval", "Withdrawn")
        EXPIRED = "expired", pgettext_lazy("approval", "Expired")

    act = models.CharField(max_length=32)
    title = models.CharField(max_length=100)
    """The title of the act: an English message, translated on display."""
    command = models.JSONField()
    """The act's command with its version (``base.stored``)."""
    key = models.CharField(max_length=120)
    """The act and its object. A key has at most one open request."""
    about = models.CharField(max_length=200)
    amount_minor = models.BigIntegerField(null=True, default=None)
    currency = models.CharField(max_length=3, blank=True, default="")
    user = models.ForeignKey(User, models.PROTECT, null=True, default=None, related_name="+")
    """The user whose money the act moves."""
    other_user = models.ForeignKey(User, models.PROTECT, null=True, default=None, related_name="+")
    """The recipient, if the act moves money from one buyer to another."""
    seller = models.ForeignKey(Seller, models.PROTECT, null=True, default=None, related_name="+", db_index=False)
    reason = models.CharField(max_length=500, blank=True, default="")
    status = models.CharField(max_length=16, choices=Status, default=Status.WAITING)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, default=None, related_name="+")
    ended_at = models.DateTimeField(null=True, default=None)
    opinion = models.CharField(max_length=500, blank=True, default="")
    """The reason for a rejection."""
    problem = models.CharField(max_length=500, blank=True, default="")
    """The reason why the last approval failed, such as a changed state. The request is still open."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key"], condition=Q(status="waiting"), name="approval_waits_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["status", "-id"], name="approval_status"),
            models.Index(fields=["id"], condition=Q(status="waiting"), name="approval_waiting"),
        ]

    @property
    def amount(self) -> Money | None:
        return None if self.amount_minor is None else Money(self.amount_minor, self.currency)

    @property
    def words(self) -> str:
        """The title in the active language."""
        return gettext(self.title)


class Limit(models.Model):
    """The amount above which an act that moves money needs approval. The newest row of a currency applies."""

    currency = models.CharField(max_length=3)
    minor = models.PositiveBigIntegerField()
    reason = models.CharField(max_length=200)
    set_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    set_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["currency", "-id"], name="approval_limit_newest")]

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)
