"""Pushes of sellers and their records: quantities without money, append-only like the ledger.

Quantities are whole ten-thousandths of a unit (four decimals on the wire, openapi-jointkit §C.5).
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
    """Factor and price of a service as ordered; never changed, even if the product's price changes.

    ``accumulation`` is empty if each record is priced separately.
    """

    subscription = models.OneToOneField(Subscription, models.PROTECT, primary_key=True, related_name="meter")
    code = models.CharField(max_length=64)
    unit = models.CharField(max_length=32)
    unit_en = models.CharField(max_length=32)
    cycle = models.CharField(max_length=8, choices=Cycle)
    accumulation = models.CharField(max_length=8, blank=True)
    model = models.CharField(max_length=8, choices=[(m.value, m.value) for m in PriceModel])
    price = models.DecimalField(max_digits=16, decimal_places=8)
    """Price of one unit in main units, without bands."""
    bands = models.JSONField(default=list)
    """``[[upto or null, price], …]``, decimals as text."""
    currency = models.CharField(max_length=3)


class Push(models.Model):
    """One accepted call; each item was accepted, repeated or refused."""

    class Api(models.TextChoices):
        NEW = "new", _("New edition")
        OLD = "old", _("Older edition")
        OF_2018 = "2018", _("2018 edition")
        MEASURED = "own", _("Measured by the market")

    seller = models.ForeignKey(Seller, models.PROTECT, related_name="usage_pushes", db_index=False)
    api = models.CharField(max_length=4, choices=Api)
    received_at = models.DateTimeField()
    received = models.PositiveSmallIntegerField()
    accepted = models.PositiveSmallIntegerField()
    repeated = models.PositiveSmallIntegerField()
    """Records already stored; counted, not stored again."""
    refused = models.PositiveSmallIntegerField()
    first_record = models.BigIntegerField(null=True, default=None)
    last_record = models.BigIntegerField(null=True, default=None)
    """Range of the keys of its records; null if none was accepted."""

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(received=F("accepted") + F("repeated") + F("refused")), name="push_adds_up"
            )
        ]
        indexes = [models.Index(fields=["seller", "-id"], name="push_seller")]


class Record(models.Model):
    """Usage of a service in [``begin_at``, ``end_at``]. A database trigger refuses every change except ``voided``."""

    # The database does not check these two: they come from ``intake``'s own data, and checking them would cost
    # PostgreSQL as much as the insert (decision 0064).
    push = models.ForeignKey(Push, models.PROTECT, related_name="records", db_index=False, db_constraint=False)
    seller = models.ForeignKey(
        Seller, models.PROTECT, related_name="usage_records", db_index=False, db_constraint=False
    )
    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="usage_records", db_index=False)
    package = models.ForeignKey(Subscription, models.PROTECT, null=True, default=None, related_name="+", db_index=False)
    """Package to deduct from, as named by the seller (relate_pkg_instance)."""
    begin_at = models.DateTimeField()
    end_at = models.DateTimeField()
    sn = models.CharField(max_length=64, blank=True)
    """metering_sn; empty if the protocol version has none."""
    quantity = models.BigIntegerField()
    """In ten-thousandths of a unit; always positive."""
    sign = models.SmallIntegerField(default=1)
    """−1 for a row that voids another."""
    voids = models.OneToOneField("self", models.PROTECT, null=True, default=None, related_name="voided_by")
    voided = models.BooleanField(default=False)
    cycle = models.CharField(max_length=8, choices=Cycle)
    """Cycle of its meter, which decides the collection."""
    accumulation_start = models.DateTimeField()
    """Start of the accumulation in which the usage begins."""

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
    """Reason and actor of a void."""

    record = models.OneToOneField(Record, models.PROTECT, primary_key=True, related_name="void")
    reason = models.CharField(max_length=500)
    actor = models.CharField(max_length=128)
    at = models.DateTimeField()


class RefusedRecord(models.Model):
    """A record that is not billed, with its code (business-rules §4.8). The seller corrects it and pushes it again."""

    # Not checked by the database, as for records: a push of a thousand refused records took a third longer.
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
    """The window has a record with another quantity; one of the two is wrong."""
    raw = models.TextField()
    """Received text, truncated."""
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["seller", "-id"], name="refused_seller"),
            models.Index(fields=["seller", "code", "-id"], name="refused_seller_code"),
            models.Index(fields=["seller", "at"], name="refused_seller_at"),
            models.Index(fields=["seller", "instance_id", "-id"], name="refused_seller_instance"),
        ]


class Nonce(models.Model):
    """Nonce of a signed push, to accept it once. Kept while its time stamp could be valid, in real time."""

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="+", db_index=False)
    nonce = models.CharField(max_length=128)
    until = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["seller", "nonce"], name="usage_nonce_once")]


class Collection(models.Model):
    """Records of a cycle with keys in (``after_id``, ``upto_id``], passed to billing once."""

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
