"""Notices to people, and the deliveries by e-mail that they cause."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from tradepost.market.identity.models import User


class Notice(models.Model):
    """One message to one person. Its words are made from ``kind`` and ``facts`` when shown, in the reader's language."""

    user = models.ForeignKey(User, models.CASCADE, related_name="notices", db_index=False)
    kind = models.CharField(max_length=48)
    facts = models.JSONField(default=dict)
    link = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, default=None)
    once = models.CharField(max_length=128, unique=True)
    """Makes a notice idempotent: kind, subject and person."""

    class Meta:
        # A list for each of what a person may look at; the second is also what the bell counts.
        indexes = [
            models.Index(fields=["user", "-id"], name="notice_user"),
            models.Index(fields=["user", "-id"], name="notice_unread", condition=Q(read_at=None)),
            models.Index(fields=["user", "-id"], name="notice_read", condition=~Q(read_at=None)),
        ]


class Mail(models.Model):
    """Delivery of a notice, or of words about the account itself, by e-mail: retried with growing waits, every state visible
    in the console."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="mails", null=True)
    """What it delivers; null for a mail about an account, which may go to somebody who has none."""
    kind = models.CharField(max_length=48, blank=True, default="", db_default="")
    """What a mail without a notice says."""
    facts = models.JSONField(default=dict, db_default={})
    """What a mail without a notice names, beside its address."""
    language = models.CharField(max_length=10, blank=True, default="", db_default="")
    """Language of a mail without a notice."""
    sealed_link = models.TextField(blank=True, default="", db_default="")
    """Where a mail without a notice leads. Who has the link has the account: sealed, and gone once the mail is sent."""
    created_at = models.DateTimeField(null=True, default=None)
    """When a mail without a notice was written; one with a notice is as old as that."""
    address = models.EmailField()
    to_contact = models.BooleanField(default=False, db_default=False)
    """Goes to a seller's contact address, beside what its members get."""
    status = models.CharField(max_length=8, choices=Status, default=Status.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True, default=None)
    sent_at = models.DateTimeField(null=True, default=None)
    error = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["status", "-id"], name="mail_unsent", condition=~Q(status="sent")),
            models.Index(Lower("address"), F("id").desc(), name="mail_address"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(notice__isnull=False, kind="") | (Q(notice=None) & ~Q(kind="")), name="mail_says_something"
            )
        ]
