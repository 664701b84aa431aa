"""Registration settings that operators change in the console, and invitations to register."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class Registration(models.TextChoices):
    """Who may register."""

    OPEN = "open", _("Open to everyone")
    INVITED = "invited", _("By invitation")
    CLOSED = "closed", _("Closed")


class MarketOpening(models.Model):
    """The only row; a market without it uses the defaults."""

    ONLY = 1
    """Its primary key."""

    checklist_closed_at = models.DateTimeField(null=True, default=None)
    """Since when the console's home page hides the checklist, because it was complete or an operator closed it."""
    buyers = models.CharField(
        max_length=8, choices=Registration, default=Registration.OPEN, db_default=Registration.OPEN
    )
    """Who may open an account."""
    sellers = models.CharField(
        max_length=8, choices=Registration, default=Registration.OPEN, db_default=Registration.OPEN
    )
    """Which companies may apply to sell."""

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="market_opening_one_row")]


class MarketInvitation(models.Model):
    """An operator's invitation to register. Only the mail contains the token; the row has its hash."""

    class Side(models.TextChoices):
        BUYER = "buyer", _("To open an account")
        SELLER = "seller", _("To sell")

    class Status(models.TextChoices):
        SENT = "sent", _("Sent")
        ACCEPTED = "accepted", _("Accepted")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    side = models.CharField(max_length=8, choices=Side)
    email = models.EmailField()
    language = models.CharField(max_length=10)
    """Language of the mail."""
    token_hash = models.CharField(max_length=64, unique=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.SENT)
    """Changed only through ``market_invitations.INVITATION``."""
    invited_by = models.ForeignKey("identity.User", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)
    user = models.ForeignKey("identity.User", models.SET_NULL, null=True, default=None, related_name="+")
    """The account that accepted it."""

    class Meta:
        constraints = [
            models.UniqueConstraint("side", Lower("email"), condition=Q(status="sent"), name="market_invitation_once")
        ]
