"""Requested exports: a list, or a copy of a person's data, as a file."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import pgettext_lazy

from tradepost.market.base.content_hash import ContentHash
from tradepost.market.identity.models import Seller, User

FOLDER = "exports"
"""Subfolder of the files folder."""
PERSONAL_DATA = "personal_data"
"""Value of ``site`` for a copy of a person's data, which has no list."""
MAX_PATH_LENGTH, MAX_QUERY_LENGTH = 400, 1000
"""Maximum number of characters of a list's path and of its query string."""


class Export(models.Model):
    """An export requested by one person as a buyer, a member of ``seller`` or an operator."""

    class Status(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("export", "In progress")
        DONE = "done", pgettext_lazy("export", "Ready")
        FAILED = "failed", pgettext_lazy("export", "Failed")
        CANCELLED = "cancelled", pgettext_lazy("export", "Cancelled")

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "XLSX"
        ZIP = "zip", "ZIP"

    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    seller = models.ForeignKey(Seller, models.CASCADE, null=True, default=None, related_name="+")
    site = models.CharField(max_length=32)
    """URL namespace of the site, or ``PERSONAL_DATA``."""
    listing = models.CharField(max_length=96)
    """URL name of the list."""
    title = models.CharField(max_length=200)
    """Title of the list, in the person's language."""
    path = models.CharField(max_length=MAX_PATH_LENGTH)
    query = models.CharField(max_length=MAX_QUERY_LENGTH, blank=True, default="")
    """Query string of the list's filters; ``path`` is the list's path."""
    format = models.CharField(max_length=8, choices=Format)
    language = models.CharField(max_length=16)
    status = models.CharField(max_length=16, choices=Status, default=Status.WAITING)
    reason = models.CharField(max_length=300, blank=True, default="")
    """Why the export failed, shown to the person."""
    name = models.CharField(max_length=100)
    """Name of the downloaded file."""
    rows = models.PositiveIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)
    sha256 = ContentHash(folder=FOLDER, blank=True, default="", db_index=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["user", "-id"], name="export_of_user")]
