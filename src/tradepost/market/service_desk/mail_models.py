"""Mails received by IMAP, each stored once with its demand or its problem."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class ReceivedMail(models.Model):
    key = models.CharField(max_length=64, unique=True)
    """Hash of sender and Message-ID, else of the mailbox's number."""
    sender = models.CharField(max_length=254, blank=True, default="")
    subject = models.CharField(max_length=300, blank=True, default="")
    text = models.CharField(max_length=2000, blank=True, default="")
    problem = models.CharField(max_length=16, blank=True, default="")
    """A ``demand_mail.Problem``; empty if the mail became a demand."""
    words = models.CharField(max_length=300, blank=True, default="")
    """The message of the refusal."""
    demand = models.BigIntegerField(null=True, default=None)
    """Key of the demand, which may be deleted earlier."""
    received_at = models.DateTimeField(db_index=True)
    handled_at = models.DateTimeField(null=True, default=None)
    """When an operator entered a problem mail as a demand or dismissed it."""

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["-id"], condition=~Q(problem="") & Q(handled_at=None), name="received_mail_waits"),
        ]
