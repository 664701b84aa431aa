"""What was done, and how far old entries were cleared. The database refuses to change either table; see the migration."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import pgettext_lazy

from tradepost.market.identity.models import Seller, User


class Outcome(models.TextChoices):
    DONE = "done", pgettext_lazy("audit", "Done")
    SHOWN = "shown", pgettext_lazy("audit", "Shown for confirmation")
    REFUSED = "refused", pgettext_lazy("audit", "Refused")
    FAILED = "failed", pgettext_lazy("audit", "Failed")


class Entry(models.Model):
    """One act of an operator, whatever came of it. Foreign keys are not enforced, so that an entry is never changed, and its
    insert waits for nobody who has locked a seller."""

    at = models.DateTimeField()
    """In the market's time."""
    actor = models.ForeignKey(
        User, models.DO_NOTHING, null=True, default=None, related_name="+", db_index=False, db_constraint=False
    )
    """None for an act on the command line."""
    actor_text = models.CharField(max_length=254)
    """The address that the account had, or who was logged in on the machine."""
    act = models.CharField(max_length=64)
    """A stable name: of the address, or of the command."""
    object_kind = models.CharField(max_length=32, blank=True, default="")
    object_id = models.CharField(max_length=64, blank=True, default="")
    object_text = models.CharField(max_length=200, blank=True, default="")
    """What it was called then."""
    seller = models.ForeignKey(
        Seller, models.DO_NOTHING, null=True, default=None, related_name="+", db_index=False, db_constraint=False
    )
    outcome = models.CharField(max_length=8, choices=Outcome)
    reason = models.CharField(max_length=500, blank=True, default="")
    """Why it was refused: a code, or what the operator was told."""
    details = models.JSONField(default=dict)
    """What was sent, secrets masked."""
    request = models.CharField(max_length=64, blank=True, default="")
    """The id of the request in the log."""
    network = models.CharField(max_length=64, blank=True, default="")
    """Where it came from: an IPv4 address, or the network of an IPv6 one."""

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
    """Entries from before ``before`` may be deleted, as the settings say. Stays, so that a gap explains itself."""

    before = models.DateTimeField(unique=True)
    made_at = models.DateTimeField(db_default=Now())
    """In real time."""
