"""The email address with which a member of an enterprise resets a forgotten password."""

from __future__ import annotations

from django.db import models


class OwnAddress(models.Model):
    """Of an account that the enterprise made. Links in mails hold tokens; their hashes are kept here, and times are real."""

    member = models.OneToOneField("organisations.Member", models.CASCADE, related_name="own_address")
    email = models.EmailField(blank=True, default="")
    """The confirmed address; empty while there is none."""
    confirmed_at = models.DateTimeField(null=True, default=None)
    pending_email = models.EmailField(blank=True, default="")
    """The address that a mail was sent to and that is not confirmed yet."""
    pending_hash = models.CharField(max_length=64, null=True, unique=True, default=None)  # NULL equals nothing
    pending_until = models.DateTimeField(null=True, default=None)
    reset_hash = models.CharField(max_length=64, null=True, unique=True, default=None)  # the same
    reset_until = models.DateTimeField(null=True, default=None)
