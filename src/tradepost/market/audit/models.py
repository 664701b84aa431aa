"""Audit entries and clearances for deleting old ones. The database refuses to change either table; see the
migration."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import pgettext_lazy

from tradepost.market.identity.models import Seller, User


class Outcome(models.TextChoices):
    DONE = "done", pgettext_lazy("audit", "Done")
    SHOWN = "shown", pgettext_lazy("audit", "Shown for confirmation")
    ASKED = "asked", pgettext_lazy("audit", "Waiting for approval")
    REFUSED = "refused", pgettext_lazy("audit", "Refused")
    FAILED = "failed", pgettext_lazy("audit", "Failed")


class Entry(models.Model):
    """One act of an operator, with its outcome.

    Foreign keys are not enforced, so that an entry never changes and its insert does not wait for a lock on a seller.
    """

    at = models.DateTimeField()
    """Market time."""
    actor = models.ForeignKey(
        User, models.DO_NOTHING, null=True, default=None, related_name="+", db_index=False, db_constraint=False
    )
    """None for an act on the command line."""
    actor_text = models.CharField(max_length=254)
    """The actor's email address at that time, or the login name on the machine."""
    act = models.CharField(max_length=64)
    """A stable name: the name of the URL, or of the command."""
    object_kind = models.CharField(max_length=32, blank=True, default="")
    object_id = models.CharField(max_length=64, blank=True, default="")
    object_text = models.CharField(max_length=200, blank=True, default="")
    """The object's name at that time."""
    seller = models.ForeignKey(
        Seller, models.DO_NOTHING, null=True, default=None, related_name="+", db_index=False, db_constraint=False
    )
    outcome = models.CharField(max_length=8, choices=Outcome)
    reason = models.CharField(max_length=500, blank=True, default="")
    """Why the act was refused: an error code, or the message shown to the operator."""
    details = models.JSONField(default=dict)
    """The submitted fields, with secrets masked."""
    request = models.CharField(max_length=64, blank=True, default="")
    """The request ID, as in the server log."""
    network = models.CharField(max_length=64, blank=True, default="")
    """Origin of the request: an IPv4 address, or the network of an IPv6 address."""

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["-at", "-id"], name="audit_at"),
            models.Index(fields=["actor_text", "-at", "-id"], name="audit_actor"),
            models.Index(fields=["act", "-at", "-id"], name="audit_act"),
            models.Index(fields=["object_kind", "object_id", "-at", "-id"], name="audit_object"),
            models.Index(fields=["seller", "-at", "-id"], name="audit_seller"),
            models.Index(
                fields=["-at", "-id"], name="audit_not_done", condition=models.Q(outcome__in=["refused", "failed"])
            ),
        ]


class Clearance(models.Model):
    """Permits deleting entries from before ``before``. The row remains and explains the gap in the log."""

    before = models.DateTimeField(unique=True)
    made_at = models.DateTimeField(db_default=Now())
    """Real time."""
