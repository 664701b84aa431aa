"""Probes and what they say: slots, runs of cases, days of products, and how each product stands; failed orders; what operators
must decide."""

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
    """One slot of one date (saas-v2 §6: every day once in the morning and once in the afternoon), or a probe of one product
    that somebody asked for."""

    class Half(models.TextChoices):
        AM = "am", _("Morning")
        PM = "pm", _("Afternoon")
        BY_HAND = "hand", _("By hand")

    date = models.DateField()
    """In the market's time zone."""
    half = models.CharField(max_length=4, choices=Half)
    product = models.ForeignKey(Product, models.CASCADE, null=True, default=None, related_name="+", db_index=False)
    """Only by hand."""
    actor = models.CharField(max_length=128, blank=True, default="")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, default=None)
    void = models.BooleanField(default=False)
    """Too many addresses could not be reached: it says nothing, most likely for a fault of ours."""
    addresses = models.PositiveIntegerField(default=0)
    """Servers that were asked: a URL of a seller counts once, whatever is spoken there."""
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
    """A saved case that is asked again in a slot, with all its tries."""

    slot = models.ForeignKey(ProbeSlot, models.CASCADE, related_name="runs", db_index=False)
    seller = models.ForeignKey(Seller, models.CASCADE, related_name="+", db_index=False)
    address = models.ForeignKey(Address, models.CASCADE, related_name="probe_runs", db_index=False)
    case = models.ForeignKey(DebugCase, models.SET_NULL, null=True, related_name="+")
    """None once it was deleted."""
    activity = models.CharField(max_length=32)
    variant = models.CharField(max_length=32, blank=True, default="")
    started_at = models.DateTimeField()
    """When it was written down; its first try may come later in the slot."""
    due_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)
    tries = models.PositiveIntegerField(default=0)
    verdict = models.CharField(max_length=8, choices=Verdict, blank=True, default=Verdict.OPEN)
    reason = models.CharField(max_length=32, blank=True, default="")
    """Of the last try: ``done``, ``pending``, a result code, or the name of a fault."""
    mistake = models.CharField(max_length=64, blank=True, default="")
    """Name of what was diagnosed (``check.diagnoses``)."""
    milliseconds = models.FloatField(null=True, default=None)
    """Of the last try that was answered."""
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


class ProbeDay(models.Model):
    """What the probes of a date say of a product. Stays when the runs are gone."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="probe_days", db_index=False)
    date = models.DateField()
    am = models.CharField(max_length=8, choices=Verdict, blank=True, default="")
    pm = models.CharField(max_length=8, choices=Verdict, blank=True, default="")
    """Of its slots; empty while one is not judged, or there is none."""
    verdict = models.CharField(max_length=8, choices=Verdict, blank=True, default="")
    """Empty until the day is over."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "date"], name="probe_day_once")]
        indexes = [models.Index(fields=["date", "product"], name="probe_day_open", condition=Q(verdict=""))]


class Health(models.Model):
    """How a product stands by its probes: one row, which its days explain (``days.streak_of``)."""

    product = models.OneToOneField(Product, models.CASCADE, primary_key=True, related_name="health")
    verdict = models.CharField(max_length=8, choices=Verdict, blank=True, default="")
    """Of the last slot that said something: passed or failed."""
    since = models.DateTimeField(null=True, default=None)
    """Since when it says so."""
    seen_at = models.DateTimeField(null=True, default=None)
    """When it said so last."""
    streak = models.PositiveIntegerField(default=0)
    """Failing days in a row, up to the last day that is over."""
    told = models.PositiveIntegerField(default=0)
    """Which failing day its seller was told of last; 0 once told that it passes."""
    freezes_on = models.DateField(null=True, default=None)
    """If nothing changes; null while nothing fails, and once it is frozen."""
    counts_after = models.DateField(null=True, default=None)
    """Days up to this one do not count any more: trading began anew."""
    frozen_on = models.DateField(null=True, default=None)
    """When its probes froze its trading; null once it is sold again."""

    class Meta:
        indexes = [
            models.Index(
                fields=["freezes_on", "product"], name="health_failing", condition=Q(freezes_on__isnull=False)
            ),
            models.Index(fields=["frozen_on", "product"], name="health_frozen", condition=Q(frozen_on__isnull=False)),
        ]

    def counts(self, day: date) -> bool:
        """Whether this day may count, or trading began anew after it."""
        return self.counts_after is None or day > self.counts_after


class FailedOrder(models.Model):
    """An order that was paid back because the product's interface did not deliver it (business-rules §10)."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="+", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", db_index=False)
    month = models.DateField()
    """Its first day, in the market's time zone."""
    failed_at = models.DateTimeField()
    reason = models.CharField(max_length=32)
    """Why its last call failed: a result code, or the name of a fault."""
    healed_at = models.DateTimeField(null=True, default=None)
    """When the interface delivered an order of this product again. The order counts all the same."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "product"], name="failed_order_once")]
        indexes = [
            models.Index(fields=["product", "month"], name="failed_order_month"),
            models.Index(fields=["product"], name="failed_order_unhealed", condition=Q(healed_at=None)),
        ]


class WorkItem(models.Model):
    """Something that an operator must look at; it stays until it was."""

    class Kind(models.TextChoices):
        FROZEN = "frozen", _("Frozen by its probes")
        FAILED_ORDERS = "failed_orders", _("Too many failed orders")

    kind = models.CharField(max_length=16, choices=Kind)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", db_index=False)
    occasion = models.CharField(max_length=10)
    """A date: of the freeze, or the first of the month."""
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
