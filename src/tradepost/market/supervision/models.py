"""Supervised deliveries (服务监管, business-rules §2.10): where each stands, what was said and shown, and what is in dispute."""

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
    """Who acts: ``product_types.flows.contract.Party``."""

    BUYER = "buyer", _("Buyer")
    SELLER = "seller", _("Seller")
    OPERATOR = "operator", _("Operator")
    MARKET = "market", _("The market itself")


class Supervision(models.Model):
    """One delivery, from the payment until it is accepted or paid back. Its money waits in clearing meanwhile."""

    class Status(models.TextChoices):
        RUNNING = "running", _("Under way")
        APPEALED = "appealed", _("The operator decides")
        ACCEPTED = "accepted", _("Accepted, being opened")
        COMPLETED = "completed", pgettext_lazy("supervision", "Accepted")
        REFUNDED = "refunded", pgettext_lazy("supervision", "Paid back")

    OPEN: ClassVar = frozenset({Status.RUNNING, Status.APPEALED, Status.ACCEPTED})
    """What has not ended."""

    line = models.OneToOneField(OrderLine, models.PROTECT, related_name="supervision")
    subscription = models.OneToOneField(Subscription, models.PROTECT, related_name="supervision")
    buyer = models.ForeignKey(User, models.PROTECT, related_name="supervisions", db_index=False)
    seller = models.ForeignKey(Seller, models.PROTECT, related_name="supervisions", db_index=False)
    flow = models.CharField(max_length=32)
    version = models.PositiveSmallIntegerField()
    """Of the flow's declaration with which it began."""
    reviewed = models.BooleanField(default=False)
    """Whether an operator looks at the delivery before its buyer accepts."""
    status = models.CharField(max_length=16, choices=Status, default=Status.RUNNING)
    node = models.CharField(max_length=32)
    owner = models.CharField(max_length=8, choices=PartyOf)
    """Who must act at the node."""
    visit = models.PositiveIntegerField(default=1)
    """Counts the nodes that were entered: an act that was meant for an earlier one does nothing."""
    entered_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, default=None)
    """When the market acts by itself; none where it does not, and while an operator decides."""
    reminded = models.BooleanField(default=False)
    """Whether who must act was reminded of this visit."""
    stale_told = models.PositiveIntegerField(default=0)
    rejections = models.PositiveIntegerField(default=0)
    refunded_minor = models.PositiveBigIntegerField(default=0, db_default=0)
    """What went back to the buyer."""
    receiver_phone = models.CharField(max_length=32, blank=True, default="")
    started_on = models.DateField(null=True, default=None)
    """Since when the service is in use, as its seller said at the last delivery."""
    effective_at = models.DateTimeField(null=True, default=None)
    fetched_at = models.DateTimeField(null=True, default=None)
    """When its buyer fetched the file for the first time, where it is delivered as one."""
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
        """Whether somebody has to act, or an operator to decide."""
        return self.status in {self.Status.RUNNING, self.Status.APPEALED}

    @property
    def refunded(self) -> Money:
        """``line.order`` should be fetched."""
        return Money(self.refunded_minor, self.line.order.currency)

    @property
    def whole_back(self) -> bool:
        """Whether all that was paid went back."""
        return self.refunded_minor == self.line.amount_minor


class Milestone(models.Model):
    """A part of a delivery that the buyer accepts on its own. Worth a share of the price; less is shared anew when a part of what
    is not accepted goes back."""

    supervision = models.ForeignKey(Supervision, models.CASCADE, related_name="milestones", db_index=False)
    position = models.PositiveSmallIntegerField()
    """From one on: they are delivered in this order."""
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
        """``supervision.line.order`` should be fetched."""
        return Money(self.amount_minor, self.supervision.line.order.currency)


class Visit(models.Model):
    """An act, with what was said. Append-only; its documents are the proofs of ``supervision:<pk>/<number>``."""

    supervision = models.ForeignKey(Supervision, models.CASCADE, related_name="visits", db_index=False)
    number = models.PositiveIntegerField()
    """The visit that the act ended."""
    node = models.CharField(max_length=32)
    act = models.CharField(max_length=16)
    party = models.CharField(max_length=8, choices=PartyOf)
    actor = models.CharField(max_length=254)
    words = models.CharField(max_length=2000, blank=True, default="")
    entries = models.JSONField(default=dict)
    """Other things that were said: carrier, parcel number."""
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["supervision", "number"], name="visit_once")]


class CancelRequest(models.Model):
    """The buyer wants money back, all that is left or a part: the seller agrees or declines. While one is open nothing is
    accepted."""

    class Status(models.TextChoices):
        OPEN = "open", _("The seller is asked")
        RETURNING = "returning", _("Agreed: the goods come back first")
        AGREED = "agreed", pgettext_lazy("refund", "Agreed")
        DECLINED = "declined", pgettext_lazy("refund", "Refused")
        WITHDRAWN = "withdrawn", pgettext_lazy("refund", "Withdrawn")

    UNDECIDED: ClassVar = (Status.OPEN, Status.RETURNING)
    """What the end of the delivery decides."""

    supervision = models.ForeignKey(Supervision, models.CASCADE, related_name="cancel_requests", db_index=False)
    status = models.CharField(max_length=16, choices=Status, default=Status.OPEN)
    amount_minor = models.PositiveBigIntegerField(null=True, default=None)
    """What is asked for; null: all that is left."""
    ends = models.BooleanField(default=True, db_default=True)
    """Whether the delivery ends with it. Otherwise it goes on for the lower price."""
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
        """None where all that is left is asked for. ``supervision.line.order`` should be fetched."""
        return None if self.amount_minor is None else Money(self.amount_minor, self.supervision.line.order.currency)


class Appeal(models.Model):
    """Buyer or seller asks the operator to decide; the delivery stands still until then (business-rules §2.10)."""

    class Decision(models.TextChoices):
        CONTINUE = "continue", _("It goes on where it stood")
        ACCEPT = "accept", _("It counts as accepted")
        REFUND = "refund", _("All that was not accepted is paid back")

    supervision = models.ForeignKey(Supervision, models.CASCADE, related_name="appeals", db_index=False)
    party = models.CharField(max_length=8, choices=PartyOf)
    actor = models.CharField(max_length=254)
    reason = models.CharField(max_length=2000)
    remaining_seconds = models.PositiveIntegerField(null=True, default=None)
    """What was left of the node's time."""
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    """Until when the operator has decided."""
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
