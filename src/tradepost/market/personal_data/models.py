"""Requests to erase an account, with their results."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from tradepost.market.identity.models import User

MAX_REASON = 500


class Erasure(models.Model):
    """A request to erase an account. It can be withdrawn until ``begun_at``."""

    user = models.ForeignKey(User, models.PROTECT, related_name="erasures", db_index=False)
    by = models.CharField(max_length=254, blank=True, default="")
    """Email of the operator who requested it for the person; empty if the person did. Cleared at the end with
    ``reason``."""
    reason = models.CharField(max_length=MAX_REASON, blank=True, default="")
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, default=None)
    begun_at = models.DateTimeField(null=True, default=None)
    erased_at = models.DateTimeField(null=True, default=None)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["user", "-id"], name="erasure_user")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user"], condition=Q(withdrawn_at=None), name="erasure_once"),
        ]
