"""Notices to people, and what went out about each, or why it did not."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tradepost.market.identity.models import Seller, User

from .categories import Channel
from .receiver_models import Endpoint, Preference, Receiver
from .why_not import UnsentReason

__all__ = ["Endpoint", "Notice", "NoticeDelivery", "Preference", "ReadMark", "Receiver"]


class Notice(models.Model):
    """One message to one person. Its words are made from ``kind`` and ``facts`` when shown, in the reader's language."""

    user = models.ForeignKey(User, models.CASCADE, related_name="notices", db_index=False)
    kind = models.CharField(max_length=48)
    facts = models.JSONField(default=dict)
    link = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, default=None)
    """When this one was read by itself; what its reader's ``ReadMark`` covers is read without it."""
    once = models.CharField(max_length=128, unique=True)
    """Makes a notice idempotent: kind, subject and person."""

    class Meta:
        # A list for each of what a person may look at; the second is also what the bell counts.
        indexes = [
            models.Index(fields=["user", "-id"], name="notice_user"),
            models.Index(fields=["user", "-id"], name="notice_unread", condition=Q(read_at=None)),
            models.Index(fields=["user", "-id"], name="notice_read", condition=~Q(read_at=None)),
        ]


class ReadMark(models.Model):
    """How far a person has read all notices at once: one row, however many there were."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="read_mark")
    upto = models.BigIntegerField()
    """Key of the newest notice that is read; so are all before it."""
    at = models.DateTimeField()


class NoticeDelivery(models.Model):
    """A message to one place outside of the site, or why there was none. It delivers a notice, or words that go to an address
    rather than to a person: about an account itself, to confirm a receiver, a summary."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")
        DEFERRED = "deferred", _("Waiting for the summary")
        SUMMED_UP = "summed_up", _("In a summary")
        WITHHELD = "withheld", _("Not sent")

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="deliveries", null=True)
    """What it delivers; null for words to an address, which may be that of somebody without an account."""
    seller = models.ForeignKey(Seller, models.CASCADE, null=True, db_index=False, related_name="+")
    """Whose matter it is, where it is a seller's."""
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.MAIL, db_default=Channel.MAIL)
    receiver = models.ForeignKey(Receiver, models.SET_NULL, null=True, db_index=False, related_name="+")
    endpoint = models.ForeignKey(Endpoint, models.SET_NULL, null=True, db_index=False, related_name="+")
    summary = models.ForeignKey("self", models.SET_NULL, null=True, db_index=False, related_name="parts")
    """The summary that it stands in."""
    kind = models.CharField(max_length=48, blank=True, default="", db_default="")
    """What one without a notice says."""
    facts = models.JSONField(default=dict, db_default={})
    """What one without a notice names, beside its address."""
    language = models.CharField(max_length=10, blank=True, default="", db_default="")
    """Of one without a notice, or to a receiver or a program, who has a language of their own."""
    sealed_link = models.TextField(blank=True, default="", db_default="")
    """Where one without a notice leads, or the code that it tells. Who has it has the account: sealed, and gone once sent."""
    created_at = models.DateTimeField(null=True, default=None)
    """Null for those of a notice that were written before 0.2: they are as old as that."""
    address = models.CharField(max_length=255)
    """Of a program without what is secret in it; empty when none is known."""
    to_contact = models.BooleanField(default=False, db_default=False)
    """Goes to a seller's contact address, beside what its members get."""
    status = models.CharField(max_length=9, choices=Status, default=Status.WAITING)
    reason = models.CharField(max_length=16, choices=UnsentReason, blank=True, default="", db_default="")
    """Why it was not sent."""
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True, default=None)
    sent_at = models.DateTimeField(null=True, default=None)
    error = models.CharField(max_length=500, blank=True, default="")

    @property
    def error_words(self) -> str:
        """The error in the reader's language where it is ours; a server's words as they came."""
        return gettext(self.error) if self.error else ""

    class Meta:
        indexes = [
            models.Index(fields=["status", "-id"], name="delivery_unsent", condition=~Q(status="sent")),
            models.Index(fields=["channel", "-id"], name="delivery_channel", condition=~Q(channel="mail")),
            models.Index(fields=["reason", "-id"], name="delivery_reason", condition=~Q(reason="")),
            models.Index(fields=["seller", "-id"], name="delivery_seller", condition=Q(seller__isnull=False)),
            models.Index(Lower("address"), F("id").desc(), name="delivery_address"),
            # One seller's search: neither its rows nor those of an address are few, but those of both are.
            models.Index(
                "seller", Lower("address"), F("id").desc(), name="delivery_seller_to", condition=Q(seller__isnull=False)
            ),
            # In place of an index of each key, which most rows would fill with nothing.
            models.Index(fields=["receiver"], name="delivery_receiver", condition=Q(receiver__isnull=False)),
            models.Index(fields=["endpoint"], name="delivery_endpoint", condition=Q(endpoint__isnull=False)),
            models.Index(fields=["summary"], name="delivery_summary", condition=Q(summary__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(notice__isnull=False, kind="") | (Q(notice=None) & ~Q(kind="")),
                name="delivery_says_something",
            ),
            models.CheckConstraint(
                condition=Q(status="withheld") & ~Q(reason="") | ~Q(status="withheld") & Q(reason=""),
                name="delivery_says_why_not",
            ),
        ]
