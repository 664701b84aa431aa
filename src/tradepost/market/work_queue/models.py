"""What operators add to entries of the queue: assignee, snooze and note. The entries themselves are not stored here."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.identity.models import User

MAX_NOTE_LENGTH = 500


class Handling(models.Model):
    """The handling of an entry. Deleted by retention after the entry has disappeared."""

    source = models.CharField(max_length=32)
    entry = models.PositiveBigIntegerField()
    """Primary key of the source's row."""
    assignee = models.ForeignKey(
        User, models.SET_NULL, null=True, default=None, related_name="+", db_index=False
    )  # fmt: skip
    snoozed_until = models.DateTimeField(null=True, default=None)
    note = models.CharField(max_length=MAX_NOTE_LENGTH, blank=True, default="")
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=254)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["source", "entry"], name="handling_once")]
        indexes: ClassVar = [
            models.Index(
                fields=["assignee", "source", "entry"], name="handling_of", condition=Q(assignee__isnull=False)
            ),
            models.Index(
                fields=["source", "entry", "snoozed_until"], name="handling_snoozed", condition=~Q(snoozed_until=None)
            ),
            models.Index(fields=["changed_at"], name="handling_changed"),
        ]

    @property
    def key(self) -> str:
        return f"{self.source}:{self.entry}"


class HandlingChange(models.Model):
    """A change of the handling; immutable."""

    class What(models.TextChoices):
        ASSIGNED = "assigned", _("Given to")
        GIVEN_BACK = "given_back", pgettext_lazy("work item", "Returned")
        SNOOZED = "snoozed", _("Postponed")
        WOKEN = "woken", _("Back in the queue")
        NOTED = "noted", _("Noted")

    handling = models.ForeignKey(Handling, models.CASCADE, related_name="changes", db_index=False)
    what = models.CharField(max_length=16, choices=What)
    words = models.CharField(max_length=MAX_NOTE_LENGTH, blank=True, default="")
    """The assignee's name, or the note."""
    until = models.DateTimeField(null=True, default=None)
    at = models.DateTimeField()
    by = models.CharField(max_length=254)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["handling", "id"], name="handling_change")]
