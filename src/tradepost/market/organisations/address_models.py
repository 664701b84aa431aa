"""The email address with which a member of an enterprise resets a forgotten password."""

from __future__ import annotations

from django.db import models


class OwnAddress(models.Model):
    """An email address for an account that the enterprise created. Links in mails have tokens, of which the hashes
    are stored. Times are real."""

    member = models.OneToOneField("organisations.Member", models.CASCADE, related_name="own_address")
    email = models.EmailField(blank=True, default="")
    """The confirmed address; empty if there is none."""
    confirmed_at = models.DateTimeField(null=True, default=None)
    pending_email = models.EmailField(blank=True, default="")
    """The address that a mail was sent to and that is not confirmed yet."""
    pending_hash = models.CharField(
        max_length=64, null=True, unique=True, default=None
    )  # a unique constraint ignores NULL
    pending_until = models.DateTimeField(null=True, default=None)
    reset_hash = models.CharField(max_length=64, null=True, unique=True, default=None)  # the same
    reset_until = models.DateTimeField(null=True, default=None)
