"""Files with the first passwords of many members: sealed, and deleted after a short time."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class PasswordFile(models.Model):
    """The first passwords of an import's new members, or of all members without a password."""

    class Status(models.TextChoices):
        MAKING = "making", _("Generating")
        READY = "ready", pgettext_lazy("password file", "Ready to download")
        STOPPED = "stopped", pgettext_lazy("password file", "Stopped")
        DELETED = "deleted", pgettext_lazy("password file", "Deleted")

    enterprise = models.ForeignKey(
        "organisations.Enterprise", models.PROTECT, related_name="password_files", db_index=False
    )
    run = models.ForeignKey("organisations.ImportRun", models.SET_NULL, null=True, related_name="password_files")
    """The import; null for all members without a password."""
    by = models.ForeignKey("identity.User", models.SET_NULL, null=True, related_name="+")
    status = models.CharField(max_length=8, choices=Status, default=Status.MAKING)
    made = models.PositiveIntegerField(default=0)
    """Number of passwords in it."""
    created_at = models.DateTimeField()
    until = models.DateTimeField(null=True, default=None)
    """When it is deleted; set once the file is complete."""

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["enterprise", "-id"], name="password_file_kept", condition=~models.Q(status="deleted"))
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["enterprise"], condition=models.Q(status="making"), name="password_file_one_making"
            )
        ]


class PasswordPart(models.Model):
    """Lines of a file, written in the transaction that set the passwords of these members."""

    file = models.ForeignKey(PasswordFile, models.CASCADE, related_name="parts")
    sealed = models.TextField()
    """A JSON list of lines: account name, name, password."""
