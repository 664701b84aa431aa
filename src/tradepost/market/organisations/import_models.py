"""Uploaded tables of members, with the results of validation and import."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.base.content_hash import ContentHash

FOLDER = "imports"
"""Folder of tables in the files folder."""


class ImportRun(models.Model):
    """A table is validated first (``CHECKING``, ``CHECKED``); its valid lines are imported after an administrator's
    confirmation."""

    class Status(models.TextChoices):
        CHECKING = "checking", _("Checking")
        CHECKED = "checked", _("Checked")
        UNREADABLE = "unreadable", _("Not readable")
        IMPORTING = "importing", _("Importing")
        DONE = "done", pgettext_lazy("import", "Imported")
        STOPPED = "stopped", pgettext_lazy("import", "Stopped")

    enterprise = models.ForeignKey("organisations.Enterprise", models.PROTECT, related_name="imports", db_index=False)
    by = models.ForeignKey("identity.User", models.SET_NULL, null=True, related_name="+")
    file_name = models.CharField(max_length=255)
    sha256 = ContentHash(folder=FOLDER, db_index=True)
    """SHA-256 of the file in the market's folder; the file is deleted when the run has ended."""
    size = models.PositiveIntegerField()
    status = models.CharField(max_length=16, choices=Status, default=Status.CHECKING)
    report = models.JSONField(default=dict)
    """``import_report.Report``: counts, and the first invalid lines with number and reason."""
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["enterprise", "-id"], name="import_run_list"),
            models.Index(fields=["id"], name="import_run_with_file", condition=~models.Q(sha256="")),
        ]
