"""Period images, the servers to which each was bound, and all metered healthy time, covered or charged."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.compute.models import Server
from tradepost.market.identity.models import User
from tradepost.market.metering.models import Record
from tradepost.market.metering.seller_queries import units
from tradepost.market.subscriptions.models import Subscription


class PeriodImage(models.Model):
    """A period image (包周期镜像): the prepaid time of ``service`` covers one server at a time (business-rules §5)."""

    class Status(models.TextChoices):
        BOUND = "bound", _("Bound to a server")
        IDLE = "idle", pgettext_lazy("period image", "Idle")
        EXPIRED = "expired", pgettext_lazy("period image", "Expired")
        REFUNDED = "refunded", pgettext_lazy("period image", "Refunded")

    service = models.OneToOneField(Subscription, models.PROTECT, primary_key=True, related_name="period_image")
    buyer = models.ForeignKey(User, models.PROTECT, related_name="+")
    """The buyer of the service, copied here so that pages can list open images by an index."""
    status = models.CharField(max_length=8, choices=Status, default=Status.IDLE)
    idle_since = models.DateTimeField(null=True, default=None)

    class Meta:
        indexes = [
            models.Index(fields=["idle_since", "service"], condition=Q(status="idle"), name="period_image_idle"),
            models.Index(fields=["-service"], condition=Q(status="idle"), name="period_image_idle_list"),
            models.Index(
                fields=["buyer", "-service"], condition=Q(status__in=["bound", "idle"]), name="period_image_buyer_open"
            ),
        ]


class ImageBinding(models.Model):
    """A half-open time during which a period image was bound to a server, with the pay-per-use service that it
    covered."""

    image = models.ForeignKey(PeriodImage, models.PROTECT, related_name="bindings", db_index=False)
    server = models.ForeignKey(Server, models.PROTECT, related_name="image_bindings", db_index=False)
    covers = models.ForeignKey(Subscription, models.PROTECT, related_name="covered_by", db_index=False)
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True, default=None)
    """None while the binding is open. Coverage ends with the paid time in any case."""
    actor = models.CharField(max_length=254)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["image"], condition=Q(to_at=None), name="binding_one_server"),
            models.UniqueConstraint(fields=["server"], condition=Q(to_at=None), name="binding_one_image"),
            models.CheckConstraint(condition=Q(to_at=None) | Q(from_at__lte=F("to_at")), name="binding_goes_forward"),
        ]
        indexes = [
            models.Index(fields=["image", "-id"], name="binding_image"),
            models.Index(fields=["server", "-id"], name="binding_server"),
            models.Index(fields=["covers", "from_at"], name="binding_covers"),
        ]


class ImageTime(models.Model):
    """Metered healthy time of a pay-per-use service: covered by a period image, or charged by a usage record.
    Append-only."""

    service = models.ForeignKey(Subscription, models.PROTECT, related_name="image_times", db_index=False)
    server = models.ForeignKey(Server, models.PROTECT, related_name="image_times", db_index=False)
    begin_at = models.DateTimeField()
    end_at = models.DateTimeField()
    quantity = models.BigIntegerField()
    """Ten-thousandths of an hour, rounded half up. A quantity of zero is not charged."""
    image = models.ForeignKey(
        PeriodImage, models.PROTECT, null=True, default=None, related_name="image_times", db_index=False
    )
    """The image that covered this time."""
    record = models.OneToOneField(Record, models.PROTECT, null=True, default=None, related_name="image_time")
    """The usage record that charges this time."""

    @property
    def hours(self) -> Decimal:
        return units(self.quantity)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["service", "begin_at"], name="image_time_once"),
            models.CheckConstraint(
                condition=(Q(image__isnull=False) & Q(record=None))
                | (Q(image=None) & Q(record__isnull=False))
                | Q(image=None, record=None, quantity=0),
                name="image_time_covered_or_charged",
            ),
            models.CheckConstraint(condition=Q(begin_at__lt=F("end_at")), name="image_time_has_a_length"),
        ]
        indexes = [
            models.Index(fields=["service", "-id"], name="image_time_service"),
            models.Index(fields=["image", "-id"], name="image_time_image"),
            models.Index(fields=["server", "-id"], name="image_time_server"),
        ]
