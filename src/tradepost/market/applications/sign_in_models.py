"""The sign-in log of an enterprise: a row per sign-in of a member, and per opened or refused application."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

MAX_AGENT_LENGTH = 200


class SignInEntry(models.Model):
    class Result(models.TextChoices):
        SIGNED_IN = "signed_in", pgettext_lazy("sign-in log", "Signed in")
        OPENED = "opened", _("Opened the application")
        WRONG_PASSWORD = "wrong_password", _("Wrong password")
        UNKNOWN_NAME = "unknown_name", _("Unknown user name")
        TOO_MANY_TRIES = "too_many_tries", _("Too many failed attempts")
        WRONG_CODE = "wrong_code", _("Wrong second-step code")
        DISABLED = "disabled", _("Account disabled or removed")
        NOT_ALLOWED = "not_allowed", _("Not authorised for the application")
        FROZEN = "frozen", _("Service of the application frozen")
        NOT_BOUND = "not_bound", _("Application not bound")

    enterprise = models.ForeignKey("organisations.Enterprise", models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey("organisations.Member", models.PROTECT, null=True, related_name="+", db_index=False)
    """Null for an unknown user name. The name is not stored, since people type passwords there by mistake."""
    application = models.ForeignKey(
        "applications.Application", models.PROTECT, null=True, related_name="+", db_index=False
    )
    """The requested application; null for the enterprise's portal."""
    result = models.CharField(max_length=16, choices=Result)
    succeeded = models.BooleanField()
    """Whether the result is in ``SUCCEEDED``."""
    way = models.CharField(max_length=16, blank=True, default="")
    """``auth_centre.SignInSession.Way``; empty if not known yet."""
    second_step = models.CharField(max_length=16, blank=True, default="")
    network = models.CharField(max_length=64, blank=True, default="")
    agent = models.CharField(max_length=MAX_AGENT_LENGTH, blank=True, default="")
    at = models.DateTimeField()
    """Real time, as for the sign-in itself."""

    class Meta:
        indexes = [
            models.Index(fields=["enterprise", "-id"], name="sign_in_log"),
            models.Index(fields=["enterprise", "-id"], name="sign_in_log_failed", condition=Q(succeeded=False)),
            models.Index(fields=["enterprise", "application", "-id"], name="sign_in_log_application"),
            models.Index(
                fields=["enterprise", "application", "-id"],
                name="sign_in_log_refused",
                condition=Q(succeeded=False),
            ),
            models.Index(fields=["member", "-id"], name="sign_in_log_member", condition=Q(member__isnull=False)),
            models.Index(
                fields=["member", "-id"], name="sign_in_log_member_bad", condition=Q(member__isnull=False, succeeded=False)
            ),
            models.Index(fields=["enterprise", "at"], name="sign_in_log_at"),
        ]  # fmt: skip


SUCCEEDED = frozenset({SignInEntry.Result.SIGNED_IN, SignInEntry.Result.OPENED})
