"""A table of members that somebody handed in: what was found in it, and what became of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.base.content_hash import ContentHash

FOLDER = "imports"
"""Of tables, in the files folder."""


class ImportRun(models.Model):
    """Looked through first (``CHECKING``, ``CHECKED``); its right lines become members when an administrator says so."""

    class Status(models.TextChoices):
        CHECKING = "checking", _("Being looked through")
        CHECKED = "checked", _("Looked through")
        UNREADABLE = "unreadable", _("Not readable")
        IMPORTING = "importing", _("Being imported")
        DONE = "done", pgettext_lazy("import", "Imported")
        STOPPED = "stopped", pgettext_lazy("import", "Stopped")

    enterprise = models.ForeignKey("organisations.Enterprise", models.PROTECT, related_name="imports", db_index=False)
    by = models.ForeignKey("identity.User", models.SET_NULL, null=True, related_name="+")
    file_name = models.CharField(max_length=255)
    sha256 = ContentHash(folder=FOLDER, db_index=True)
    """Of the file, in the market's folder; it goes when the run ended."""
    size = models.PositiveIntegerField()
    status = models.CharField(max_length=16, choices=Status, default=Status.CHECKING)
    report = models.JSONField(default=dict)
    """``import_report.Report``: counts, and the first wrong lines, each with its number and why."""
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["enterprise", "-id"], name="import_run_list"),
            models.Index(fields=["id"], name="import_run_with_file", condition=~models.Q(sha256="")),
        ]
