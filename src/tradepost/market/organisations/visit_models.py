"""Administrators who came from the auth centre to the pages of their enterprise."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class AdminVisit(models.Model):
    """One browser in which an administrator who signed in at the auth centre manages the enterprise. It opens the pages of this
    enterprise and nothing else. Times are real."""

    member = models.ForeignKey("organisations.Member", models.CASCADE, related_name="visits")
    sign_in = models.BigIntegerField()
    """Key of the sign-in at the auth centre, with which the visit ends."""
    ticket_hash = models.CharField(max_length=64, unique=True)
    """Of what the browser brings from the auth centre, once."""
    state_hash = models.CharField(max_length=64)
    """Of the secret that the same browser got before it went there."""
    secret_hash = models.CharField(max_length=64, null=True, unique=True, default=None)  # NULL equals nothing
    """Of the cookie; null until the ticket was used."""
    auth_hash = models.CharField(max_length=64)
    """The account's session hash at the time: a changed password ends the visit."""
    ticket_until = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["sign_in"], name="admin_visit_sign_in", condition=models.Q(ended_at=None)),
            models.Index(fields=["expires_at"], name="admin_visit_expires"),
        ]
