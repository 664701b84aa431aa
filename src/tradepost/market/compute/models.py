"""Servers of buyers, what is asked of the cloud about each, and the time during which each ran an image.

Only this context writes them.
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
    """A server of a buyer (云服务器), as the cloud last said it is."""

    class Status(models.TextChoices):
        CREATING = "creating", _("Being created")
        RUNNING = "running", pgettext_lazy("server", "Running")
        BROKEN = "broken", _("Running with a fault")
        STOPPED = "stopped", pgettext_lazy("server", "Stopped")
        RELEASED = "released", pgettext_lazy("server", "Released")
        FAILED = "failed", _("Could not be created")

    buyer = models.ForeignKey(User, models.PROTECT, related_name="servers", db_index=False)
    name = models.CharField(max_length=64)
    size = models.CharField(max_length=64)
    cloud = models.CharField(max_length=128)
    """The adapter that made it."""
    status = models.CharField(max_length=8, choices=Status, default=Status.CREATING)
    service = models.ForeignKey(
        Subscription, models.PROTECT, null=True, default=None, related_name="servers", db_index=False
    )
    """Of the image that is on its system disk; null where that is none of the market's."""
    seller = models.ForeignKey(Seller, models.PROTECT, null=True, default=None, related_name="servers", db_index=False)
    """Of that service."""
    provider_id = models.CharField(max_length=128, blank=True, default="")
    """The cloud's name for it; empty until there is one."""
    address = models.CharField(max_length=255, blank=True, default="")
    sealed_login = models.TextField(blank=True, default="")
    """Sealed JSON of ``Login``: of the system disk that it has."""
    wants_running = models.BooleanField(default=True)
    """False once its buyer stopped it: the end of a freeze does not start it then."""
    counted_until = models.DateTimeField(null=True, default=None)
    """What ran before then is counted, and does not change any more."""
    counting = models.BooleanField(default=False)
    """Something of its spans is not counted yet, or never ends counting while it runs."""
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
            models.Index(fields=["status", "-id"], name="server_status"),
            models.Index(fields=["seller", "-id"], condition=Q(seller__isnull=False), name="server_seller"),
            models.Index(fields=["id"], condition=Q(counting=True), name="server_counting"),
        ]

    def __str__(self) -> str:
        return self.name


class Task(models.Model):
    """One thing asked of the cloud about a server. One at a time is worked on, in the order of asking, by a leased job."""

    class Status(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("task", "Waiting")
        DONE = "done", pgettext_lazy("task", "Done")
        GAVE_UP = "gave_up", pgettext_lazy("task", "Given up")

    server = models.ForeignKey(Server, models.PROTECT, related_name="tasks", db_index=False)
    action = models.CharField(max_length=8, choices=[(one.value, one.value) for one in Action])
    wanted = models.JSONField(default=dict)
    """Of a new disk: its image, and the service (by pk) that it belongs to."""
    sealed_login = models.TextField(blank=True, default="")
    """Sealed JSON of ``Login`` of the new disk, until the server has that disk."""
    owner = models.BigIntegerField(null=True, default=None)
    """Key of the operation that waits for its end; this context does not read it."""
    actor = models.CharField(max_length=254, blank=True, default="")
    status = models.CharField(max_length=8, choices=Status, default=Status.WAITING)
    tries = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True, default="")
    """What the cloud said last when it did not do it; for operators."""
    fault = models.CharField(max_length=12, blank=True, default="")
    """The reason of that error (``contract.Fault``); pages explain it."""
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
    """Time during which a server ran with an image of the market, half-open. Of one server no two overlap."""

    server = models.ForeignKey(Server, models.PROTECT, related_name="spans", db_index=False)
    service = models.ForeignKey(Subscription, models.PROTECT, related_name="spans", db_index=False)
    """The service on demand that the image is billed by."""
    from_at = models.DateTimeField()
    to_at = models.DateTimeField(null=True, default=None)
    """None while it goes on."""
    healthy = models.BooleanField(default=True)
    """Only such time is billed (business-rules §5)."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["server"], condition=Q(to_at=None), name="span_one_goes_on"),
            models.UniqueConstraint(fields=["server", "from_at"], name="span_begins_once"),
            models.CheckConstraint(condition=Q(to_at=None) | Q(from_at__lt=F("to_at")), name="span_has_a_length"),
        ]
        indexes = [models.Index(fields=["service", "-id"], name="span_service")]


class OrphanServer(models.Model):
    """A server in the cloud that carries the market's tag, but belongs to no living server of the market."""

    class Status(models.TextChoices):
        FOUND = "found", pgettext_lazy("orphan", "Found")
        KEPT = "kept", pgettext_lazy("orphan", "Kept")
        RELEASING = "deleting", pgettext_lazy("orphan", "Being deleted")
        RELEASED = "released", pgettext_lazy("orphan", "Deleted")
        SETTLED = "settled", pgettext_lazy("orphan", "Settled")

    cloud = models.CharField(max_length=128)
    provider_id = models.CharField(max_length=128)
    token = models.CharField(max_length=64, blank=True, default="")
    order = models.CharField(max_length=64, blank=True, default="")
    """Number of the order in its tag."""
    name = models.CharField(max_length=128, blank=True, default="")
    status = models.CharField(max_length=8, choices=Status, default=Status.FOUND)
    error = models.TextField(blank=True, default="")
    """The cloud's message when it was not deleted; for operators."""
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
    """A server of the cloud that a sandbox plays (``adapters/memory``): what a real cloud would keep."""

    class Fault(models.TextChoices):
        NONE = "", _("Works")
        BROKEN = "broken", _("Runs, but is not healthy")
        REFUSES = "refuses", _("Does nothing that it is asked for")

    token = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=64)
    size = models.CharField(max_length=64)
    image = models.CharField(max_length=128)
    running = models.BooleanField(default=True)
    deleted = models.BooleanField(default=False)
    fault = models.CharField(max_length=8, choices=Fault, default=Fault.NONE, blank=True)
