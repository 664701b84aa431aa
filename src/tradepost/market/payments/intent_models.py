"""Money that is on its way from outside: what buyers mean to bring (``Intent``), and what really came (``ProviderFact``)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.base.money import Money
from tradepost.market.identity.models import User


class Provider(models.TextChoices):
    """Who says that money came."""

    OFFLINE = "offline", _("Bank transfer")


class Intent(models.Model):
    """Money that a buyer means to bring, until it is there or is not waited for any more (money.md §2)."""

    class Status(models.TextChoices):
        CREATED = "created", pgettext_lazy("transfer", "Being made")
        PENDING = "pending", pgettext_lazy("transfer", "Waiting for the money")
        IN_REVIEW = "in_review", pgettext_lazy("transfer", "Proof is checked")
        SUCCEEDED = "succeeded", pgettext_lazy("transfer", "On the balance")
        FAILED = "failed", pgettext_lazy("transfer", "Proof not accepted")
        EXPIRED = "expired", pgettext_lazy("transfer", "Not waited for any more")
        WITHDRAWN = "withdrawn", pgettext_lazy("transfer", "Withdrawn")

    number = models.CharField(max_length=16, unique=True)
    """What the buyer writes on the transfer (``base.ids.transfer_reference``)."""
    provider = models.CharField(max_length=16, choices=Provider)
    status = models.CharField(max_length=16, choices=Status)
    user = models.ForeignKey(User, models.PROTECT, related_name="intents", db_index=False)
    amount_minor = models.PositiveBigIntegerField()
    """What the buyer means to bring; what came stands in the fact."""
    currency = models.CharField(max_length=3)
    purpose = models.CharField(max_length=64, blank=True, default="")
    """The order that waits for it, if one does."""
    pay_to = models.JSONField(default=dict)
    """The bank account that the buyer was shown (``base.payment_settings.BankAccount``)."""
    created_at = models.DateTimeField()
    waits_until = models.DateTimeField()
    proof_at = models.DateTimeField(null=True, default=None)
    """When the document came that is to be looked at."""
    check_by = models.DateTimeField(null=True, default=None)
    """The working moment by which an operator has looked at it; stands while one is waited for."""
    opinion = models.CharField(max_length=500, blank=True, default="")
    """Why an operator did not accept the proof, for the buyer."""
    decided_by = models.CharField(max_length=254, blank=True, default="")
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="intent_of_something")]
        indexes: ClassVar = [
            models.Index(fields=["user", "-id"], name="intent_of_user"),
            models.Index(fields=["user", "status", "-id"], name="intent_of_user_status"),
            models.Index(
                fields=["user", "-id"], condition=Q(status__in=["pending", "in_review"]), name="intent_open_of_user"
            ),
            models.Index(fields=["status", "-id"], name="intent_status"),
            models.Index(fields=["check_by"], condition=Q(status="in_review"), name="intent_to_check"),
            models.Index(fields=["purpose"], condition=~Q(purpose=""), name="intent_purpose"),
        ]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def open(self) -> bool:
        return self.status in OPEN

    @property
    def takes_proof(self) -> bool:
        """Also late: money may have come that nobody could match."""
        return self.status in TAKES_PROOF


OPEN = (Intent.Status.PENDING, Intent.Status.IN_REVIEW)
TAKES_PROOF = (*OPEN, Intent.Status.FAILED, Intent.Status.EXPIRED)


class ProviderFact(models.Model):
    """Money that came, as the bank says. ``(provider, provider_no)`` is unique: the same money is never booked twice."""

    class Status(models.TextChoices):
        UNMATCHED = "unmatched", pgettext_lazy("money", "Whose it is is not known")
        MATCHED = "matched", pgettext_lazy("money", "On a buyer's balance")
        RETURNED = "returned", pgettext_lazy("money", "Sent back")

    provider = models.CharField(max_length=16, choices=Provider)
    provider_no = models.CharField(max_length=64)
    """The bank's number of the transaction."""
    status = models.CharField(max_length=16, choices=Status)
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    payer = models.CharField(max_length=200, blank=True, default="")
    """Who sent it, as the statement says."""
    words = models.CharField(max_length=200, blank=True, default="")
    """What was written on the transfer."""
    note = models.CharField(max_length=200, blank=True, default="")
    """Of the operator who decided whose it is, or sent it back."""
    seen_at = models.DateTimeField()
    """When it was entered here."""
    seen_by = models.CharField(max_length=254)
    ended_at = models.DateTimeField(null=True, default=None)
    """When it was matched or sent back."""
    ended_by = models.CharField(max_length=254, blank=True, default="")
    intent = models.OneToOneField(Intent, models.PROTECT, null=True, default=None, related_name="fact")
    user = models.ForeignKey(User, models.PROTECT, null=True, default=None, related_name="+")
    """Whose balance it went to."""
    arrival = models.OneToOneField("payments.Transfer", models.PROTECT, related_name="fact")
    """How it was booked when it came: onto a balance, or into suspense."""
    moved = models.OneToOneField(
        "payments.Transfer", models.PROTECT, null=True, default=None, related_name="moved_fact"
    )
    """How it left suspense."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["provider", "provider_no"], name="provider_fact_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="provider_fact_of_something"),
        ]
        indexes: ClassVar = [models.Index(fields=["status", "-id"], name="provider_fact_status")]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)
