"""What sellers hand in for a decision, and what became of it. Nothing that was ever sent is deleted: it is evidence."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tradepost.market.catalog.models import Product, Version
from tradepost.market.identity.models import Seller, User


class Submission(models.Model):
    """One application of a seller (business-rules §2.4). ``document`` is typed by its kind; it is frozen once sent."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Being written")
        CHECKING = "checking", _("Being checked")
        PENDING = "pending", _("Waiting for the operator")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        FAILED = "failed", _("Checks failed")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    kind = models.CharField(max_length=32)
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="submissions", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, null=True, default=None, related_name="submissions")
    version = models.ForeignKey(Version, models.PROTECT, null=True, default=None, related_name="submissions")
    about = models.CharField(max_length=64, blank=True, default="", db_default="")
    """The one thing of the seller's that it is about, where that is no product: ``asset:12``. Of each one may be open."""
    document = models.JSONField(default=dict)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    """Of the document as it was sent."""
    revision = models.PositiveIntegerField(default=0)
    """Of a draft: grows with each save, so that of two tabs none overwrites what the other saved."""
    status = models.CharField(max_length=16, choices=Status, default=Status.DRAFT)
    due_at = models.DateTimeField(null=True, default=None)
    """Until when it is to be decided."""
    checklist = models.JSONField(default=list)
    """What the operator ticked when it was approved: codes of the kind's items."""
    findings = models.JSONField(default=list)
    """Why its checks failed, in both languages."""
    reasons = models.JSONField(default=dict)
    """Why it was rejected, or an appeal accepted: section → the operator's words."""
    earlier = models.ForeignKey("self", models.PROTECT, null=True, default=None, related_name="later")
    """The one that this one corrects."""
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
            # The tabs of the console: what is rare among the many is found without them.
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


OPEN = (Submission.Status.CHECKING, Submission.Status.PENDING)
"""In somebody's hands: the market's own checks, or the operator's."""
CORRECTABLE = (Submission.Status.FAILED, Submission.Status.REJECTED, Submission.Status.WITHDRAWN)
"""What stays as evidence; to edit it is to copy it into a new draft."""
