"""Submissions of sellers for a decision, with their results. A sent submission is never deleted, because it is
evidence."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tradepost.market.catalog.models import Product, Version
from tradepost.market.identity.models import Seller, User


class Submission(models.Model):
    """A submission of a seller (business-rules §2.4). ``document`` is typed by its kind; it does not change once
    sent."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        CHECKING = "checking", _("Being checked")
        PENDING = "pending", _("Waiting for the operator")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        FAILED = "failed", _("Checks failed")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    sealed_inside: ClassVar = ("document",)
    """Account numbers of certifications (``sealed_rows``)."""
    kind = models.CharField(max_length=32)
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="submissions", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, null=True, default=None, related_name="submissions")
    version = models.ForeignKey(Version, models.PROTECT, null=True, default=None, related_name="submissions")
    about = models.CharField(max_length=64, blank=True, default="", db_default="")
    """The object of the submission if it is not a product: ``asset:12``. At most one per object may be open."""
    document = models.JSONField(default=dict)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    """Hash of the document as sent."""
    revision = models.PositiveIntegerField(default=0)
    """Number of saves of a draft, which prevents two tabs from overwriting each other."""
    status = models.CharField(max_length=16, choices=Status, default=Status.DRAFT)
    due_at = models.DateTimeField(null=True, default=None)
    """When it must be decided."""
    checklist = models.JSONField(default=list)
    """The points that the operator checked for the approval: codes of the kind's items."""
    findings = models.JSONField(default=list)
    """Why its checks failed, in both languages."""
    reasons = models.JSONField(default=dict)
    """Why it was rejected, or an appeal accepted: section → the operator's reason."""
    earlier = models.ForeignKey("self", models.PROTECT, null=True, default=None, related_name="later")
    """The submission that this one corrects."""
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    sent_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    saved_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, default=None)
    decided_at = models.DateTimeField(null=True, default=None)

    class Meta:
        indexes = [
            models.Index(fields=["seller", "-id"], name="submission_seller"),
            models.Index(fields=["due_at", "id"], name="submission_due", condition=Q(status="pending")),
            # Partial indexes for the tabs of the console with few rows.
            models.Index(fields=["-id"], name="submission_checking", condition=Q(status="checking")),
            models.Index(fields=["-id"], name="submission_decided", condition=Q(status__in=["approved", "rejected"])),
            models.Index(fields=["-id"], name="submission_ended", condition=Q(status__in=["failed", "withdrawn"])),
            models.Index(fields=["seller", "sent_at"], name="submission_sent"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["product"],
                condition=Q(status__in=["checking", "pending"], product__isnull=False),
                name="submission_open_product",
            ),
            models.UniqueConstraint(
                fields=["seller", "kind", "about"],
                condition=Q(status__in=["checking", "pending"], product__isnull=True),
                name="submission_open_kind",
            ),
            models.UniqueConstraint(
                fields=["seller", "kind", "about"],
                condition=Q(status="draft", product__isnull=True),
                name="submission_draft_kind",
            ),
            models.UniqueConstraint(
                fields=["product", "kind"],
                condition=Q(status="draft", product__isnull=False),
                name="submission_draft_product",
            ),
        ]


class Replay(models.Model):
    """The verdict of a replay of a submission's debug cases. It stays as evidence when the job and its calls are
    deleted."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="replays", db_index=False)
    job = models.BigIntegerField()
    """Key of the leased job."""
    passed = models.BooleanField()
    ended_at = models.DateTimeField()
    by = models.CharField(max_length=254, blank=True, default="")
    """Email of the person who started it, or ``market``."""
    cases = models.JSONField(default=list)
    """``debugging.replay.ReplayResult``, in the order of the calls; empty for a replay that was stopped early."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["submission", "job"], name="review_replay_once")]


OPEN = (Submission.Status.CHECKING, Submission.Status.PENDING)
"""In progress: in the automatic checks, or with an operator."""
CORRECTABLE = (Submission.Status.FAILED, Submission.Status.REJECTED, Submission.Status.WITHDRAWN)
"""Statuses that stay as evidence, and from which a new draft can be copied."""
