"""Invitations of operators, and locks of accounts."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from .operator_roles import Role


class OperatorInvitation(models.Model):
    """An invitation by email to operate the market in a role. Only the mail contains the token; the row has its
    hash."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Invited")
        ACCEPTED = "accepted", _("Accepted")
        REVOKED = "revoked", _("Withdrawn")

    email = models.EmailField(_("E-mail"))
    role = models.CharField(max_length=8, choices=Role)
    token_hash = models.CharField(max_length=64, unique=True)
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    invited_by = models.ForeignKey("identity.User", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), condition=Q(status="pending"), name="operator_invited_once"),
        ]


class AccountLock(models.Model):
    """An operator's lock of an account, which prevents sign-in until it is lifted. Rows stay as history."""

    user = models.ForeignKey("identity.User", models.CASCADE, related_name="locks", db_index=False)
    reason = models.CharField(max_length=500)
    by = models.CharField(max_length=254)
    at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, default=None)
    lifted_by = models.CharField(max_length=254, blank=True, default="")
    lifted_reason = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["user", "-id"], name="account_lock_user")]
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(lifted_at=None), name="account_locked_once"),
        ]
