"""What sellers pushed and what became of it: quantities only, no money. Records are append-only, as the ledger is.

A quantity is a whole number of ten-thousandths of the unit (four decimals on the wire, openapi-jointkit §C.5).
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.identity.models import Seller
from tradepost.market.subscriptions.models import Subscription

from .package_models import Deduction, Package, Quota, UsageCell

__all__ = [
    "Collection", "Cycle", "Deduction", "Meter", "Nonce", "Package", "Push", "Quota", "Record", "RefusedRecord", "UsageCell",
    "Void",
]  # fmt: skip


class Cycle(models.TextChoices):
    """How often usage is charged (计费周期, business-rules §3.2)."""

    HOUR = "hour", _("each hour")
    DAY = "day", _("each day")
    MONTH = "month", _("each month")


class Meter(models.Model):
    """What is counted of a service and what it costs, as it was ordered: a later price of the product changes nothing here.

    Never changed. ``accumulation`` is ``""`` where each record is priced by itself.
    """

    subscription = models.OneToOneField(Subscription, models.PROTECT, primary_key=True, related_name="meter")
    code = models.CharField(max_length=64)
    unit = models.CharField(max_length=32)
    unit_en = models.CharField(max_length=32)
    cycle = models.CharField(max_length=8, choices=Cycle)
    accumulation = models.CharField(max_length=8, blank=True)
    model = models.CharField(max_length=8, choices=[(m.value, m.value) for m in PriceModel])
    price = models.DecimalField(max_digits=16, decimal_places=8)
    """Of one unit, in main units, where there are no bands."""
    bands = models.JSONField(default=list)
    """``[[upto or null, price], …]``, decimals as text."""
    currency = models.CharField(max_length=3)


class Push(models.Model):
    """One call that was taken: every item of it was accepted, known already, or refused."""

    class Api(models.TextChoices):
        NEW = "new", _("New edition")
        OLD = "old", _("Older edition")
        OF_2018 = "2018", _("Form of 2018")
        MEASURED = "own", _("Measured by the market")

    seller = models.ForeignKey(Seller, models.PROTECT, related_name="usage_pushes", db_index=False)
    api = models.CharField(max_length=4, choices=Api)
    received_at = models.DateTimeField()
    received = models.PositiveSmallIntegerField()
    accepted = models.PositiveSmallIntegerField()
    repeated = models.PositiveSmallIntegerField()
    """The same record came before: counted, not stored again."""
    refused = models.PositiveSmallIntegerField()
    first_record = models.BigIntegerField(null=True, default=None)
    last_record = models.BigIntegerField(null=True, default=None)
    """Between these keys its records are; null when none was accepted."""

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(received=F("accepted") + F("repeated") + F("refused")), name="push_adds_up"
            )
        ]
        indexes = [models.Index(fields=["seller", "-id"], name="push_seller")]


class Record(models.Model):
    """Usage of a service in [``begin_at``, ``end_at``]. A trigger of the migration refuses every change but ``voided``."""

    # Of these two the database asks nothing: they follow from what ``intake`` has in its hands, and to look both up for each
    # record costs PostgreSQL as much as to write it (decision 0064).
    push = models.ForeignKey(Push, models.PROTECT, related_name="records", db_index=False, db_constraint=False)
    seller = models.ForeignKey(
        Seller, models.PROTECT, related_name="usage_records", db_index=False, db_constraint=False
    )
    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="usage_records", db_index=False)
    package = models.ForeignKey(Subscription, models.PROTECT, null=True, default=None, related_name="+", db_index=False)
    """The package that the seller said to deduct from (relate_pkg_instance)."""
    begin_at = models.DateTimeField()
    end_at = models.DateTimeField()
    sn = models.CharField(max_length=64, blank=True)
    """metering_sn; empty where the edition has none."""
    quantity = models.BigIntegerField()
    """In ten-thousandths of a unit; always above zero."""
    sign = models.SmallIntegerField(default=1)
    """−1 of a row that takes another back."""
    voids = models.OneToOneField("self", models.PROTECT, null=True, default=None, related_name="voided_by")
    voided = models.BooleanField(default=False)
    cycle = models.CharField(max_length=8, choices=Cycle)
    """That of its meter: it says which collection takes it."""
    accumulation_start = models.DateTimeField()
    """Of the time over which its usage adds up; usage belongs where it begins."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "begin_at", "end_at"],
                condition=Q(sign=1, voided=False),
                name="record_window_once",
            ),
            models.UniqueConstraint(
                fields=["seller", "sn"], condition=Q(sign=1, voided=False) & ~Q(sn=""), name="record_sn_once"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="record_has_usage"),
            models.CheckConstraint(
                condition=Q(sign=1, voids=None) | Q(sign=-1, voids__isnull=False, voided=False), name="record_sign_fits"
            ),
        ]
        indexes = [
            models.Index(fields=["seller", "-id"], name="record_seller"),
            models.Index(fields=["subscription", "-id"], name="record_subscription"),
            models.Index(fields=["seller", "begin_at"], name="record_seller_begin"),
            models.Index(fields=["seller", "-id"], condition=Q(sign=1, voided=True), name="record_voided"),
            models.Index(fields=["cycle", "id"], condition=~Q(cycle="hour"), name="record_seldom_collected"),
        ]


class Void(models.Model):
    """Why a record was taken back, and by whom."""

    record = models.OneToOneField(Record, models.PROTECT, primary_key=True, related_name="void")
    reason = models.CharField(max_length=500)
    actor = models.CharField(max_length=128)
    at = models.DateTimeField()


class RefusedRecord(models.Model):
    """An item that is not billed, with its code (business-rules §4.8): its seller corrects it and pushes it again."""

    # As with records, the database does not look each of them up: a push of a thousand wrong records took a third longer.
    push = models.ForeignKey(Push, models.CASCADE, related_name="refused_records", db_constraint=False)
    seller = models.ForeignKey(
        Seller, models.PROTECT, related_name="refused_usage", db_index=False, db_constraint=False
    )
    subscription = models.ForeignKey(
        Subscription, models.PROTECT, null=True, default=None, related_name="refused_usage", db_index=False,
        db_constraint=False,
    )  # fmt: skip
    instance_id = models.CharField(max_length=64, blank=True)
    sn = models.CharField(max_length=64, blank=True)
    code = models.CharField(max_length=3)
    field = models.CharField(max_length=32, blank=True)
    differs = models.BooleanField(default=False)
    """The window is taken by another quantity: one of the two is wrong."""
    raw = models.TextField()
    """As it came, shortened."""
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["seller", "-id"], name="refused_seller"),
            models.Index(fields=["seller", "code", "-id"], name="refused_seller_code"),
            models.Index(fields=["seller", "at"], name="refused_seller_at"),
        ]


class Nonce(models.Model):
    """A signed push is taken once. Kept while its time stamp could be fresh, in real time."""

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="+", db_index=False)
    nonce = models.CharField(max_length=128)
    until = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seller", "nonce"], name="usage_nonce_once")]


class Collection(models.Model):
    """The records of a cycle with keys in (``after_id``, ``upto_id``], handed to billing together, once."""

    cycle = models.CharField(max_length=8, choices=Cycle)
    after_id = models.BigIntegerField()
    upto_id = models.BigIntegerField()
    closed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cycle", "after_id"], name="collection_once"),
            models.CheckConstraint(condition=Q(after_id__lte=F("upto_id")), name="collection_goes_on"),
        ]
        indexes = [models.Index(fields=["cycle", "-id"], name="collection_cycle")]
