"""The second step of a sign-in, and where an account is logged in. Times are real ones, which no sandbox moves."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models

AGENT = 200
"""Characters kept of what a browser says it is."""


class SecondFactor(models.Model):
    """An authenticator app of an account: whoever signs in gives a code of it after the password (RFC 6238)."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="second_factor")
    sealed = models.TextField()
    """The secret that the app holds, in base32."""
    last_step = models.BigIntegerField()
    """Number of the half minute whose code was used last: that of an earlier one, or of the same, opens nothing (RFC 6238 §5.2)."""
    created_at = models.DateTimeField()


class RecoveryCode(models.Model):
    """In place of the app, for one sign-in."""

    factor = models.ForeignKey(SecondFactor, models.CASCADE, related_name="codes", db_index=False)
    code_hash = models.CharField(max_length=64)
    """Keyed with the market's secret key: fifty bits of chance could be tried out by whoever had a plain hash."""
    used_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["factor", "code_hash"], name="recovery_code_once")]


class LogIn(models.Model):
    """A browser in which an account is logged in to the market; gone with its session."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="log_ins", db_index=False)
    session = models.OneToOneField(Session, models.CASCADE, related_name="log_in")
    begun_at = models.DateTimeField()
    network = models.CharField(max_length=64, blank=True, default="")
    agent = models.CharField(max_length=AGENT, blank=True, default="")
    """What the browser says it is."""

    class Meta:
        indexes: ClassVar = [models.Index(fields=["user", "-id"], name="log_in_user")]
