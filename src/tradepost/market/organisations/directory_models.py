"""Tokens with which an enterprise's own directory synchronises members and groups (SCIM 2.0, RFC 7644)."""

from __future__ import annotations

from django.db import models


class DirectoryToken(models.Model):
    """A bearer token. A revoked token is deleted; the enterprise's history has who created and revoked it."""

    enterprise = models.ForeignKey("organisations.Enterprise", models.PROTECT, related_name="directory_tokens")
    name = models.CharField(max_length=64)
    """The administrators' name for the directory, which the history shows for its acts."""
    token_hash = models.CharField(max_length=64, unique=True)
    """A keyed hash, so that reading the table does not reveal the token."""
    begins = models.CharField(max_length=12)
    """The first characters, by which an administrator recognises it."""
    made_by = models.ForeignKey("identity.User", models.SET_NULL, null=True, related_name="+", db_index=False)
    made_by_text = models.CharField(max_length=255)
    """Name of the person who created it, at that time."""
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, default=None)
    """Time of the last use, accurate to a few minutes; null if never used."""

    def __str__(self) -> str:
        return self.name
