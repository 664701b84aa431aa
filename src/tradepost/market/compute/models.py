"""Buyers' servers, cloud tasks for each server, and the time during which each server ran an image.

Only this context writes these tables.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.identity.models import Seller, User
from tradepost.market.subscriptions.models import Subscription

from .contract import Action


class Server(models.Model):
    """A buyer's server (云服务器), as last observed in the cloud."""

    class Status(models.TextChoices):
        CREATING = "creating", _("Creating")
        RUNNING = "running", pgettext_lazy("server", "Running")
        BROKEN = "broken", _("Running with a fault")
        STOPPED = "stopped", pgettext_lazy("server", "Stopped")
        RELEASED = "released", pgettext_lazy("server", "Released")
        FAILED = "failed", _("Creation failed")

    buyer = models.ForeignKey(User, models.PROTECT, related_name="servers", db_index=False)
    name = models.CharField(max_length=64)
    size = models.CharField(max_length=64)
    cloud = models.CharField(max_length=128)
    """The adapter that created the server."""
    status = models.CharField(max_length=8, choices=Status, default=Status.CREATING)
    service = models.ForeignKey(
        Subscription, models.PROTECT, null=True, default=None, related_name="servers", db_index=False
    )
    """The service of the image on the system disk; null if the image is not from this market."""
    seller = models.ForeignKey(Seller, models.PROTECT, null=True, default=None, related_name="servers", db_index=False)
    """The seller of that service."""
    provider_id = models.CharField(max_length=128, blank=True, default="")
    """The server's id in the cloud; empty until the cloud has created it."""
    place = models.CharField(max_length=200, blank=True, default="")
    """Region, project and account in which the server was created (``Compute.place``); empty for servers of earlier
    releases until they are observed."""
    missing_since = models.DateTimeField(null=True, default=None)
    """When the cloud first said, in that place, that the server does not exist; null if it exists."""
    unknown_since = models.DateTimeField(null=True, default=None)
    """When the cloud first did not know the server without that proving anything, for example in another region."""
    unknown_in = models.CharField(max_length=200, blank=True, default="")
    """The place of that answer."""
    address = models.CharField(max_length=255, blank=True, default="")
    sealed_login = models.TextField(blank=True, default="")
    """Sealed JSON of ``Login`` for the current system disk."""
    wants_running = models.BooleanField(default=True)
    """False after the buyer stopped the server. The end of a freeze then does not start it."""
    counted_until = models.DateTimeField(null=True, default=None)
    """Usage before this time is metered and final."""
    counting = models.BooleanField(default=False)
    """Whether some usage is not metered yet. Always true while the server runs an image."""
    created_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cloud", "provider_id"], condition=~Q(provider_id=""), name="server_provider_once"
            ),
            models.UniqueConstraint(
                fields=["service"], condition=Q(service__isnull=False), name="server_service_once"
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["buyer", "-id"], name="server_buyer"),
            # Only servers that exist or are being created (``lifecycle.ACTIVE_STATUSES``), since a buyer may have had many.
            models.Index(
                fields=["buyer", "-id"],
                name="server_buyer_living",
                condition=Q(status__in=["creating", "running", "broken", "stopped"]),
            ),
            models.Index(fields=["status", "-id"], name="server_status"),
            models.Index(fields=["seller", "-id"], condition=Q(seller__isnull=False), name="server_seller"),
            models.Index(fields=["id"], condition=Q(counting=True), name="server_counting"),
            models.Index(fields=["id"], condition=Q(unknown_since__isnull=False), name="server_unknown"),
        ]

    def __str__(self) -> str:
        return self.name


class Task(models.Model):
    """A cloud action on a server. A leased job works on one task per server at a time, in order of creation."""

    class Status(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("task", "Waiting")
        DONE = "done", pgettext_lazy("task", "Done")
        GAVE_UP = "gave_up", pgettext_lazy("task", "Given up")

    server = models.ForeignKey(Server, models.PROTECT, related_name="tasks", db_index=False)
    action = models.CharField(max_length=8, choices=[(choice.value, choice.value) for choice in Action])
    wanted = models.JSONField(default=dict)
    """For a new disk: its image and the primary key of the image's service."""
    sealed_login = models.TextField(blank=True, default="")
    """Sealed JSON of ``Login`` for the new disk; emptied when the server has that disk."""
    owner = models.BigIntegerField(null=True, default=None)
    """Key of the operation that waits for the task; this context does not read it."""
    actor = models.CharField(max_length=254, blank=True, default="")
    status = models.CharField(max_length=8, choices=Status, default=Status.WAITING)
    tries = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True, default="")
    """The cloud's last error message, for operators."""
    fault = models.CharField(max_length=12, blank=True, default="")
    """The reason for that error (``contract.Fault``), which pages explain."""
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        indexes = [
            models.Index(fields=["server", "-id"], name="task_server"),
            models.Index(fields=["server", "id"], condition=Q(status="waiting"), name="task_open"),
            models.Index(fields=["-id"], condition=Q(status="gave_up"), name="task_gave_up"),
            models.Index(fields=["id"], condition=Q(status="gave_up", owner=None), name="task_alone_gave_up"),
        ]


class Span(models.Model):
    """Half-open time in which a server ran an image of this market. Spans of a server do not overlap."""

    server = models.ForeignKey(Server, models.PROTECT, related_name="spans", db_index=False)
    service = models.ForeignKey(Subscription, models.PROTECT, related_name="spans", db_index=False)
    """The pay-per-use service that bills the image."""
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True, default=None)
    """None while the span is open."""
    healthy = models.BooleanField(default=True)
    """Only healthy time is billed (business-rules §5)."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["server"], condition=Q(to_at=None), name="span_one_goes_on"),
            models.UniqueConstraint(fields=["server", "from_at"], name="span_begins_once"),
            models.CheckConstraint(condition=Q(to_at=None) | Q(from_at__lt=F("to_at")), name="span_has_a_length"),
        ]
        indexes = [models.Index(fields=["service", "-id"], name="span_service")]


class OrphanServer(models.Model):
    """A server in the cloud with this market's tag that belongs to none of the market's existing servers."""

    class Status(models.TextChoices):
        FOUND = "found", pgettext_lazy("orphan", "Found")
        KEPT = "kept", pgettext_lazy("orphan", "Kept")
        RELEASING = "deleting", pgettext_lazy("orphan", "Deleting")
        RELEASED = "released", pgettext_lazy("orphan", "Deleted")
        SETTLED = "settled", pgettext_lazy("orphan", "Settled")

    cloud = models.CharField(max_length=128)
    provider_id = models.CharField(max_length=128)
    token = models.CharField(max_length=64, blank=True, default="")
    order = models.CharField(max_length=64, blank=True, default="")
    """The order number in the server's tag."""
    place = models.CharField(max_length=200, blank=True, default="")
    """Region, project and account in which it was found (``Compute.place``)."""
    name = models.CharField(max_length=128, blank=True, default="")
    status = models.CharField(max_length=8, choices=Status, default=Status.FOUND)
    error = models.TextField(blank=True, default="")
    """The cloud's message after a failed deletion, for operators."""
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cloud", "provider_id"], condition=Q(ended_at=None), name="orphan_open_once"
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["-id"], condition=Q(ended_at=None), name="orphan_open")]

    def __str__(self) -> str:
        return self.name or self.provider_id


class SandboxServer(models.Model):
    """A server of the sandbox's cloud (``adapters/memory``), with the data that a real cloud would store."""

    class Fault(models.TextChoices):
        NONE = "", _("Works")
        BROKEN = "broken", _("Runs, but is not healthy")
        REFUSES = "refuses", _("Rejects all requests")

    token = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=64)
    size = models.CharField(max_length=64)
    image = models.CharField(max_length=128)
    running = models.BooleanField(default=True)
    deleted = models.BooleanField(default=False)
    fault = models.CharField(max_length=8, choices=Fault, default=Fault.NONE, blank=True)
