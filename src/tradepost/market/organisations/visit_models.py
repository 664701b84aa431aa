"""Visits of administrators who came from the auth centre to the pages of their enterprise."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class AdminVisit(models.Model):
    """A browser in which an administrator who signed in at the auth centre manages the enterprise. It gives access
    only to the pages of this enterprise. Times are real."""

    member = models.ForeignKey("organisations.Member", models.CASCADE, related_name="visits")
    sign_in = models.BigIntegerField()
    """Key of the sign-in at the auth centre; the visit ends with it."""
    ticket_hash = models.CharField(max_length=64, unique=True)
    """Hash of the single-use ticket that the browser brings from the auth centre."""
    state_hash = models.CharField(max_length=64)
    """Hash of the secret that the same browser received before."""
    secret_hash = models.CharField(
        max_length=64, null=True, unique=True, default=None
    )  # a unique constraint ignores NULL
    """Hash of the cookie; null until the ticket is used."""
    auth_hash = models.CharField(max_length=64)
    """The account's session hash at that time: a changed password ends the visit."""
    ticket_until = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["sign_in"], name="admin_visit_sign_in", condition=models.Q(ended_at=None)),
            models.Index(fields=["expires_at"], name="admin_visit_expires"),
        ]
