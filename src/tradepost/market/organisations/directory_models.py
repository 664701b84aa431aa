"""By what an enterprise's own directory proves itself when it keeps members and groups here in step (SCIM 2.0, RFC 7644)."""

from __future__ import annotations

from django.db import models


class DirectoryToken(models.Model):
    """A bearer token. One that is revoked is deleted: who made it, and who ended it, stands in the enterprise's history."""

    enterprise = models.ForeignKey("organisations.Enterprise", models.PROTECT, related_name="directory_tokens")
    name = models.CharField(max_length=64)
    """What administrators call the directory. It stands in the history for whatever the directory does."""
    token_hash = models.CharField(max_length=64, unique=True)
    """A keyed hash: whoever reads the table can send nothing."""
    begins = models.CharField(max_length=12)
    """The first characters, by which an administrator recognises it."""
    made_by = models.ForeignKey("identity.User", models.SET_NULL, null=True, related_name="+", db_index=False)
    made_by_text = models.CharField(max_length=255)
    """Who made it, as known then."""
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, default=None)
    """When it was used last, to some minutes; null while it never was."""

    def __str__(self) -> str:
        return self.name
