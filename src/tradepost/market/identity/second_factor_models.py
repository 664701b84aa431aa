"""Two-step sign-in, and the browsers in which an account is signed in. Times are real, not market time."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models

MAX_AGENT_LENGTH = 200
"""Maximum length of a stored user agent."""


class SecondFactor(models.Model):
    """An authenticator app of an account, whose codes are required after the password (RFC 6238)."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="second_factor")
    sealed = models.TextField()
    """The secret of the app, in base32."""
    last_step = models.BigIntegerField()
    """Number of the half minute of the last used code; codes of it and of earlier ones are refused (RFC 6238
    §5.2)."""
    created_at = models.DateTimeField()


class RecoveryCode(models.Model):
    """A single-use replacement for the app."""

    factor = models.ForeignKey(SecondFactor, models.CASCADE, related_name="codes", db_index=False)
    code_hash = models.CharField(max_length=64)
    """Keyed with the market's secret key, because a plain hash of fifty bits could be brute-forced."""
    used_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["factor", "code_hash"], name="recovery_code_once")]


class LogIn(models.Model):
    """A browser in which an account is signed in to the market; deleted with its session."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="log_ins", db_index=False)
    session = models.OneToOneField(Session, models.CASCADE, related_name="log_in")
    begun_at = models.DateTimeField()
    network = models.CharField(max_length=64, blank=True, default="")
    agent = models.CharField(max_length=MAX_AGENT_LENGTH, blank=True, default="")
    """The user agent of the browser."""

    class Meta:
        indexes: ClassVar = [models.Index(fields=["user", "-id"], name="log_in_user")]
