"""Runs of sync calls about a binding, and the departments that a seller knows."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.production.models import Call


class Sync(models.Model):
    """A run of calls to a seller about a binding. Only one runs at a time (openapi-jointkit §A.0).

    Each call is planned when it is due, from what the seller acknowledged and the current data.
    """

    class Kind(models.TextChoices):
        BIND = "bind", _("Bind: enterprise, application, departments")
        WITHDRAW = "withdraw", _("Withdraw authorisations")
        DEPARTMENTS = "departments", _("Department changes")
        AUTHORISE = "authorise", _("Authorise members")
        UNBIND = "unbind", _("Unbind: the enterprise is deleted at the seller")

    class Status(models.TextChoices):
        RUNNING = "running", _("Under way")
        WAITING = "waiting", _("Waiting to retry")
        STOPPED = "stopped", _("Stopped")
        DONE = "done", _("Done")
        DROPPED = "dropped", _("No longer needed")

    binding = models.ForeignKey("applications.TenantBinding", models.PROTECT, related_name="syncs", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind)
    status = models.CharField(max_length=8, choices=Status, default=Status.RUNNING)
    call = models.OneToOneField(Call, models.PROTECT, null=True, default=None, related_name="sync")
    """The current or last call of the run."""
    calls = models.PositiveIntegerField(default=0)
    """Number of calls made."""
    people = models.PositiveIntegerField(default=0)
    """Number of members that the seller acknowledged."""
    note = models.CharField(max_length=500, blank=True, default="")
    """Why the last call failed: a verdict (``production.reasons``) or a sentence."""
    tries = models.PositiveIntegerField(default=0, db_default=0)
    """Number of failed calls in a row."""
    next_at = models.DateTimeField(null=True, default=None)
    """When the next call is made, while the run is ``WAITING``."""
    give_up_at = models.DateTimeField(null=True, default=None)
    """When retries end, counted from the first failure; null while no call has failed."""
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["binding"], condition=Q(status="running"), name="sync_one_running"),
            models.UniqueConstraint(
                fields=["binding", "kind"], condition=Q(status="stopped"), name="sync_stopped_once"
            ),
            models.UniqueConstraint(
                fields=["binding", "kind"], condition=Q(status="waiting"), name="sync_waiting_once"
            ),
        ]
        indexes = [models.Index(fields=["binding", "-id"], name="sync_binding")]


class SyncedDepartment(models.Model):
    """A department as the seller acknowledged it."""

    binding = models.ForeignKey(
        "applications.TenantBinding", models.CASCADE, related_name="synced_departments", db_index=False
    )
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=128)
    parent_code = models.CharField(max_length=64, blank=True, default="")
    unknown = models.BooleanField(default=False)
    """Whether a call about it failed so that the seller may have acted."""

    class Meta:
        verbose_name = pgettext_lazy("joint operation", "synced department")
        constraints = [models.UniqueConstraint(fields=["binding", "code"], name="synced_department_once")]
