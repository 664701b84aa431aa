"""Probes and their results: slots, runs of cases, days and health of products; failed orders; work items for
operators."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tradepost.market.catalog.models import Product
from tradepost.market.debugging.models import DebugCase
from tradepost.market.identity.models import Seller
from tradepost.market.orders.models import Order
from tradepost.market.production.models import Address, Call


class Verdict(models.TextChoices):
    OPEN = "", _("under way")
    PASSED = "passed", _("Passed")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Unknown")


class ProbeSlot(models.Model):
    """A slot of a date (saas-v2 §6: every day once in the morning and once in the afternoon), or a manual probe of a
    product."""

    class Half(models.TextChoices):
        AM = "am", _("Morning")
        PM = "pm", _("Afternoon")
        BY_HAND = "hand", _("Manual")

    date = models.DateField()
    """In the market's time zone."""
    half = models.CharField(max_length=4, choices=Half)
    product = models.ForeignKey(Product, models.CASCADE, null=True, default=None, related_name="+", db_index=False)
    """Only for manual probes."""
    actor = models.CharField(max_length=128, blank=True, default="")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, default=None)
    void = models.BooleanField(default=False)
    """Whether too many addresses could not be reached, probably through a fault of this market. The results are then
    ignored."""
    addresses = models.PositiveIntegerField(default=0)
    """Number of servers. A seller's URL counts once, with any number of protocols."""
    unreached = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["date", "half"], condition=Q(product=None), name="probe_slot_once")
        ]
        indexes = [
            models.Index(fields=["product", "-id"], name="probe_slot_by_hand", condition=Q(half="hand")),
            models.Index(fields=["-id"], name="probe_slot_of_the_day", condition=Q(product=None)),
        ]


class ProbeRun(models.Model):
    """A probe of a saved case in a slot, with all its attempts."""

    slot = models.ForeignKey(ProbeSlot, models.CASCADE, related_name="runs", db_index=False)
    seller = models.ForeignKey(Seller, models.CASCADE, related_name="+", db_index=False)
    address = models.ForeignKey(Address, models.CASCADE, related_name="probe_runs", db_index=False)
    case = models.ForeignKey(DebugCase, models.SET_NULL, null=True, related_name="+")
    """None after the case was deleted."""
    activity = models.CharField(max_length=32)
    variant = models.CharField(max_length=32, blank=True, default="")
    started_at = models.DateTimeField()
    """When the run was created; its first attempt may be later in the slot."""
    due_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)
    tries = models.PositiveIntegerField(default=0)
    verdict = models.CharField(max_length=8, choices=Verdict, blank=True, default=Verdict.OPEN)
    reason = models.CharField(max_length=32, blank=True, default="")
    """Result of the last attempt: ``done``, ``pending``, a result code, or the name of a fault."""
    mistake = models.CharField(max_length=64, blank=True, default="")
    """Name of the diagnosed mistake (``check.diagnoses``)."""
    milliseconds = models.FloatField(null=True, default=None)
    """Duration of the last attempt with a response."""
    certificate_ends = models.DateTimeField(null=True, default=None)
    call = models.ForeignKey(Call, models.SET_NULL, null=True, default=None, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["slot", "case"], name="probe_run_once")]
        indexes = [
            models.Index(fields=["slot", "address"], name="probe_run_slot"),
            models.Index(fields=["address", "-id"], name="probe_run_address"),
            models.Index(fields=["seller", "-id"], name="probe_run_seller"),
            models.Index(fields=["slot"], name="probe_run_open", condition=Q(verdict="")),
        ]

    @property
    def state(self) -> str:
        """The state for the vocabulary "probe". A run without a verdict is open only while its call can still be
        made."""
        if self.verdict:
            return self.verdict
        under_way = self.slot.closed_at is None and self.call is not None and not self.call.outcome
        return "open" if under_way else Verdict.UNKNOWN.value


class ProbeDay(models.Model):
    """The results of a date for a product. Kept after the runs are deleted."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="probe_days", db_index=False)
    date = models.DateField()
    am = models.CharField(max_length=8, choices=Verdict, blank=True, default="")
    pm = models.CharField(max_length=8, choices=Verdict, blank=True, default="")
    """Verdicts of the slots; empty if a slot is not closed or does not exist."""
    verdict = models.CharField(max_length=8, choices=Verdict, blank=True, default="")
    """Empty until the day is over."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "date"], name="probe_day_once")]
        indexes = [models.Index(fields=["date", "product"], name="probe_day_open", condition=Q(verdict=""))]


class Health(models.Model):
    """The health of a product by its probes, derived from its days (``days.streak_of``)."""

    product = models.OneToOneField(Product, models.CASCADE, primary_key=True, related_name="health")
    verdict = models.CharField(max_length=8, choices=Verdict, blank=True, default="")
    """Verdict of the last conclusive slot: passed or failed."""
    since = models.DateTimeField(null=True, default=None)
    """Since when the verdict applies."""
    seen_at = models.DateTimeField(null=True, default=None)
    """Time of the last conclusive slot."""
    streak = models.PositiveIntegerField(default=0)
    """Failing days in a row, up to the last completed day."""
    told = models.PositiveIntegerField(default=0)
    """The last failing day that the seller was notified of; 0 after a notice that it passes."""
    freezes_on = models.DateField(null=True, default=None)
    """When sales will be frozen if nothing changes; null if nothing fails or sales are frozen."""
    counts_after = models.DateField(null=True, default=None)
    """Days up to this date do not count, since sales restarted."""
    frozen_on = models.DateField(null=True, default=None)
    """When probes froze the sales; null after sales restarted."""

    class Meta:
        indexes = [
            models.Index(
                fields=["freezes_on", "product"], name="health_failing", condition=Q(freezes_on__isnull=False)
            ),
            models.Index(fields=["frozen_on", "product"], name="health_frozen", condition=Q(frozen_on__isnull=False)),
        ]

    def counts(self, day: date) -> bool:
        """Return whether the day counts: it is after the last restart of sales."""
        return self.counts_after is None or day > self.counts_after


class FailedOrder(models.Model):
    """An order that was refunded because the product's interface did not deliver it (business-rules §10)."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="+", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", db_index=False)
    month = models.DateField()
    """The first day of the month in the market's time zone."""
    failed_at = models.DateTimeField()
    reason = models.CharField(max_length=32)
    """Why the last call failed: a result code, or the name of a fault."""
    healed_at = models.DateTimeField(null=True, default=None)
    """When the interface next delivered an order of this product. The failure still counts."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "product"], name="failed_order_once")]
        indexes = [
            models.Index(fields=["product", "month"], name="failed_order_month"),
            models.Index(fields=["product"], name="failed_order_unhealed", condition=Q(healed_at=None)),
        ]


class WorkItem(models.Model):
    """A task for an operator, open until it is closed."""

    class Kind(models.TextChoices):
        FROZEN = "frozen", _("Sales suspended after failed probes")
        FAILED_ORDERS = "failed_orders", _("Too many failed orders")

    kind = models.CharField(max_length=16, choices=Kind)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", db_index=False)
    occasion = models.CharField(max_length=10)
    """A date: of the freeze, or the first day of the month."""
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, default=None)
    closed_by = models.CharField(max_length=128, blank=True, default="")
    note = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "product", "occasion"], name="work_item_once")]
        indexes = [
            models.Index(fields=["opened_at", "id"], name="work_item_open", condition=Q(closed_at=None)),
            models.Index(fields=["product", "-id"], name="work_item_product"),
        ]
