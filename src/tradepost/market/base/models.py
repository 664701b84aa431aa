"""Tables that belong to no domain: market identity, sandbox clock, lifecycle history, outbox, timers, worker
processes."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models

from .work import DueWork, State, due_index, leased_index, stuck_index


class MarketIdentity(models.Model):
    """The market that this database holds (``market_identity``). One row, written at the first start; the mode never
    changes."""

    ONLY: ClassVar = 1
    """The primary key of the row."""

    class Mode(models.TextChoices):
        SANDBOX = "sandbox", "sandbox"
        PRODUCTION = "production", "production"

    market_id = models.CharField(max_length=32)
    mode = models.CharField(max_length=16, choices=Mode)
    created_at = models.DateTimeField()
    key_checks = models.JSONField(default=list)
    """The market id, sealed with each secret key that the market has run with, the newest last (``sealed_rows``)."""
    files_token = models.CharField(max_length=32, blank=True, default="")
    """Token of the marker in the files folder (``files_marker``); empty until a folder is marked."""

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="market_identity_one_row")]


class SandboxClock(models.Model):
    """Offset and target of this sandbox's clock. One row."""

    offset = models.DurationField(default=timedelta)
    target = models.DateTimeField(null=True, default=None)


class Move(models.Model):
    """A status change of a subject: actor, time, status before and after."""

    lifecycle = models.CharField(max_length=32)
    subject = models.CharField(max_length=64)
    event = models.CharField(max_length=32)
    before = models.CharField(max_length=32)
    after = models.CharField(max_length=32)
    at = models.DateTimeField()
    actor = models.CharField(max_length=128)
    note = models.CharField(max_length=500, default="", blank=True)

    class Meta:
        indexes = [models.Index(fields=["lifecycle", "subject", "id"], name="move_subject")]


class Event(DueWork):
    """An event with reactions that have not run. Deleted once every reaction has run."""

    name = models.CharField(max_length=64)
    facts = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    error = models.TextField(default="", blank=True)
    left = models.JSONField(default=list, blank=True)
    """Names of the failed reactions to retry; empty to run all."""

    class Meta:
        indexes = [due_index("event"), stuck_index("event")]


class Job(DueWork):
    """A timer. Deleted when finished; a periodic job moves its due time."""

    kind = models.CharField(max_length=64)
    key = models.CharField(max_length=128)
    payload = models.JSONField(default=dict)
    error = models.TextField(default="", blank=True)

    class Meta:
        indexes = [due_index("job"), leased_index("job"), stuck_index("job")]
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="job_kind_key")]


class WorkerProcess(models.Model):
    """A worker process that is or was running. Times are real, not market time."""

    name = models.CharField(max_length=64, unique=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    in_flight = models.PositiveIntegerField(default=0)
    claimed = models.PositiveBigIntegerField(default=0)
    recorded = models.PositiveBigIntegerField(default=0)


class LeasedJob(DueWork):
    """Work that waits for another party's server, its progress and its result (``leased_jobs``)."""

    class Outcome(models.TextChoices):
        NONE = "", "under way"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    kind = models.CharField(max_length=64)
    key = models.CharField(max_length=128)
    seller_id = models.BigIntegerField(null=True, default=None)
    """The seller who owns the job; pages show it only to them."""
    payload = models.JSONField(default=dict)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    words = models.CharField(max_length=200, default="", blank=True)
    """The current step: a message id for gettext, or a word of the protocol."""
    cancel = models.BooleanField(default=False)
    """A user asked to cancel the job."""
    outcome = models.CharField(max_length=16, choices=Outcome, default=Outcome.NONE, blank=True)
    result = models.JSONField(null=True, default=None)
    error = models.TextField(default="", blank=True)
    """Why the last attempt failed."""
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)

    class Meta:
        indexes = [
            due_index("leased_job"),
            leased_index("leased_job"),
            models.Index(fields=["kind", "key", "-id"], name="leased_job_newest"),
            models.Index(fields=["outcome", "-id"], name="leased_job_outcome"),
            models.Index(fields=["outcome", "kind", "-id"], name="leased_job_outcome_kind"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"], name="leased_job_one_open", condition=~models.Q(state=State.ENDED)
            ),
            models.CheckConstraint(
                condition=models.Q(models.Q(state=State.ENDED) & ~models.Q(outcome=""))
                | models.Q(~models.Q(state=State.ENDED) & models.Q(outcome="")),
                name="leased_job_ended_has_outcome",
            ),
        ]

    @property
    def open(self) -> bool:
        return self.state != State.ENDED
