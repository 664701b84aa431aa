"""Supervised deliveries (服务监管, business-rules §2.10): progress, acts, documents and disputes."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller, User
from tradepost.market.orders.models import OrderLine
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.text import Text


class PartyOf(models.TextChoices):
    """The acting party, as in ``product_types.flows.contract.Party``."""

    BUYER = "buyer", _("Buyer")
    SELLER = "seller", _("Seller")
    OPERATOR = "operator", _("Operator")
    MARKET = "market", _("The market itself")


class Supervision(models.Model):
    """A delivery, from payment to acceptance or refund. Its money is held in clearing meanwhile."""

    class Status(models.TextChoices):
        RUNNING = "running", _("Under way")
        APPEALED = "appealed", _("Operator's decision pending")
        ACCEPTED = "accepted", _("Accepted, opening the service")
        COMPLETED = "completed", pgettext_lazy("supervision", "Accepted")
        REFUNDED = "refunded", pgettext_lazy("supervision", "Refunded")

    OPEN: ClassVar = frozenset({Status.RUNNING, Status.APPEALED, Status.ACCEPTED})
    """States of a delivery that has not ended."""

    line = models.OneToOneField(OrderLine, models.PROTECT, related_name="supervision")
    subscription = models.OneToOneField(Subscription, models.PROTECT, related_name="supervision")
    buyer = models.ForeignKey(User, models.PROTECT, related_name="supervisions", db_index=False)
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="supervisions", db_index=False)
    flow = models.CharField(max_length=32)
    version = models.PositiveSmallIntegerField()
    """Version of the flow's declaration at the start of the delivery."""
    reviewed = models.BooleanField(default=False)
    """Whether an operator reviews the delivery before the buyer accepts it."""
    status = models.CharField(max_length=16, choices=Status, default=Status.RUNNING)
    node = models.CharField(max_length=32)
    owner = models.CharField(max_length=8, choices=PartyOf)
    """The party that has to act at the node."""
    visit = models.PositiveIntegerField(default=1)
    """Number of nodes entered so far. An act submitted for an earlier node has no effect."""
    entered_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, default=None)
    """When the market acts automatically; null if it does not, and during an appeal."""
    reminded = models.BooleanField(default=False)
    """Whether the acting party was reminded during this visit."""
    stale_told = models.PositiveIntegerField(default=0)
    rejections = models.PositiveIntegerField(default=0)
    refunded_minor = models.PositiveBigIntegerField(default=0, db_default=0)
    """Amount refunded to the buyer, in minor units."""
    receiver_phone = models.CharField(max_length=32, blank=True, default="")
    started_on = models.DateField(null=True, default=None)
    """First day of use, as the seller entered with the last delivery."""
    effective_at = models.DateTimeField(null=True, default=None)
    fetched_at = models.DateTimeField(null=True, default=None)
    """When the buyer first downloaded a delivered file."""
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["buyer", "-id"], name="supervision_buyer"),
            models.Index(fields=["seller", "-id"], name="supervision_seller"),
            models.Index(fields=["seller", "status", "owner", "-id"], name="supervision_seller_turn"),
            models.Index(
                fields=["entered_at"], condition=Q(status="running", owner="operator"), name="supervision_to_review"
            ),
            models.Index(fields=["status", "-id"], name="supervision_status"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, status__in=["running", "appealed", "accepted"])
                | Q(ended_at__isnull=False, status__in=["completed", "refunded"]),
                name="supervision_ended_fits",
            )
        ]

    @property
    def open(self) -> bool:
        return self.ended_at is None

    @property
    def waits(self) -> bool:
        """Whether a party has to act or an operator has to decide."""
        return self.status in {self.Status.RUNNING, self.Status.APPEALED}

    @property
    def refunded(self) -> Money:
        """The refunded amount. Fetch ``line.order`` beforehand."""
        return Money(self.refunded_minor, self.line.order.currency)

    @property
    def whole_back(self) -> bool:
        """Whether the full price was refunded."""
        return self.refunded_minor == self.line.amount_minor


class Milestone(models.Model):
    """A part of a delivery that the buyer accepts separately, with a share of the price.

    A partial refund reduces the shares of milestones that are not accepted.
    """

    supervision = models.ForeignKey(Supervision, models.CASCADE, related_name="milestones", db_index=False)
    position = models.PositiveSmallIntegerField()
    """Order of delivery, starting at 1."""
    name = models.CharField(max_length=64)
    name_en = models.CharField(max_length=64)
    weight = models.PositiveIntegerField()
    amount_minor = models.PositiveBigIntegerField()
    accepted_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["supervision", "position"], name="milestone_once")]

    @property
    def shown_name(self) -> str:
        return Text(zh=self.name, en=self.name_en).in_language(get_language())

    @property
    def amount(self) -> Money:
        """The share of the price. Fetch ``supervision.line.order`` beforehand."""
        return Money(self.amount_minor, self.supervision.line.order.currency)


class Visit(models.Model):
    """An act with its texts. Append-only. Its documents are the proofs of ``supervision:<pk>/<number>``."""

    supervision = models.ForeignKey(Supervision, models.CASCADE, related_name="visits", db_index=False)
    number = models.PositiveIntegerField()
    """The visit that the act ended."""
    node = models.CharField(max_length=32)
    act = models.CharField(max_length=16)
    party = models.CharField(max_length=8, choices=PartyOf)
    actor = models.CharField(max_length=254)
    words = models.CharField(max_length=2000, blank=True, default="")
    entries = models.JSONField(default=dict)
    """Other entries of the form, such as carrier and parcel number."""
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["supervision", "number"], name="visit_once")]


class CancelRequest(models.Model):
    """A buyer's request for a full or partial refund. The seller agrees or declines. No acceptance is possible while it
    is open."""

    class Status(models.TextChoices):
        OPEN = "open", _("Seller's answer pending")
        RETURNING = "returning", _("Agreed, return pending")
        AGREED = "agreed", pgettext_lazy("refund", "Agreed")
        DECLINED = "declined", pgettext_lazy("refund", "Refused")
        WITHDRAWN = "withdrawn", pgettext_lazy("refund", "Withdrawn")

    UNDECIDED: ClassVar = (Status.OPEN, Status.RETURNING)
    """States of requests that the end of the delivery closes."""

    supervision = models.ForeignKey(Supervision, models.CASCADE, related_name="cancel_requests", db_index=False)
    status = models.CharField(max_length=16, choices=Status, default=Status.OPEN)
    amount_minor = models.PositiveBigIntegerField(null=True, default=None)
    """The requested amount in minor units; null for the remaining amount."""
    ends = models.BooleanField(default=True, db_default=True)
    """Whether the delivery ends. Otherwise it continues at the lower price."""
    reason = models.CharField(max_length=1000)
    answer = models.CharField(max_length=1000, blank=True, default="")
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["supervision"], condition=Q(status="open"), name="cancel_request_open_once")
        ]
        indexes: ClassVar = [models.Index(fields=["supervision", "-id"], name="cancel_request_of")]

    @property
    def amount(self) -> Money | None:
        """The requested amount; None for the remaining amount. Fetch ``supervision.line.order`` beforehand."""
        return None if self.amount_minor is None else Money(self.amount_minor, self.supervision.line.order.currency)


class Appeal(models.Model):
    """An appeal of the buyer or seller to the operator. The delivery pauses until the decision (business-rules
    §2.10)."""

    class Decision(models.TextChoices):
        CONTINUE = "continue", _("Continue from the current step")
        ACCEPT = "accept", _("Deem it accepted")
        REFUND = "refund", _("Everything not yet accepted is refunded")

    supervision = models.ForeignKey(Supervision, models.CASCADE, related_name="appeals", db_index=False)
    party = models.CharField(max_length=8, choices=PartyOf)
    actor = models.CharField(max_length=254)
    reason = models.CharField(max_length=2000)
    remaining_seconds = models.PositiveIntegerField(null=True, default=None)
    """Seconds that remained of the node's time."""
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    """Deadline for the operator's decision."""
    decision = models.CharField(max_length=16, choices=Decision, blank=True, default="")
    opinion = models.CharField(max_length=2000, blank=True, default="")
    decided_at = models.DateTimeField(null=True, default=None)
    decided_by = models.CharField(max_length=254, blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["supervision"], condition=Q(decision=""), name="appeal_open_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["supervision", "-id"], name="appeal_of"),
            models.Index(fields=["due_at"], condition=Q(decision=""), name="appeal_to_decide"),
        ]
