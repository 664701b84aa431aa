"""Invitations by mail to join an enterprise with a market account."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class Invitation(models.Model):
    """An invitation. Only the mail contains the token; the row has its hash."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Invited")
        ACCEPTED = "accepted", _("Accepted")
        REVOKED = "revoked", _("Withdrawn")

    enterprise = models.ForeignKey(
        "organisations.Enterprise", models.PROTECT, related_name="invitations", db_index=False
    )
    email = models.EmailField(_("E-mail"))
    token_hash = models.CharField(max_length=64, unique=True)
    user_name = models.CharField(_("Account name"), max_length=64)
    name = models.CharField(_("Name"), max_length=64)
    department = models.ForeignKey("organisations.Department", models.PROTECT, related_name="+", db_index=False)
    role = models.CharField(max_length=8)
    """A ``Member.Role``."""
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    invited_by = models.ForeignKey("identity.User", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                "enterprise", Lower("email"), condition=Q(status="pending"), name="enterprise_invitation_once"
            ),
            models.UniqueConstraint(
                fields=["enterprise", "user_name"], condition=Q(status="pending"), name="enterprise_invitation_name"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["enterprise", "status", "-id"], name="enterprise_invitation_list"),
        ]
