"""Tables without a domain: what market this is, the sandbox clock, lifecycle history, the outbox, timers, living processes."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models

from .work import DueWork, State, due_index, leased_index, stuck_index


class MarketIdentity(models.Model):
    """Which market this database holds (``market_identity``). One row, written at the first start; the mode never changes."""

    ONLY: ClassVar = 1
    """The primary key of the row."""

    class Mode(models.TextChoices):
        SANDBOX = "sandbox", "sandbox"
        PRODUCTION = "production", "production"

    market_id = models.CharField(max_length=32)
    mode = models.CharField(max_length=16, choices=Mode)
    created_at = models.DateTimeField()
    key_checks = models.JSONField(default=list)
    """The market id, sealed by each secret key that the market ran with, the newest last (``sealed_rows``)."""
    files_token = models.CharField(max_length=32, blank=True, default="")
    """Of the marker in the files folder (``files_marker``); empty until a folder has one."""

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="market_identity_one_row")]


class SandboxClock(models.Model):
    """How far this sandbox's clock is ahead, and where it is heading. One row."""

    offset = models.DurationField(default=timedelta)
    target = models.DateTimeField(null=True, default=None)


class Move(models.Model):
    """One status change of one subject: who, when, from what to what."""

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
    """Something that happened and has not been reacted to yet. Deleted once every reaction ran."""

    name = models.CharField(max_length=64)
    facts = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    error = models.TextField(default="", blank=True)
    left = models.JSONField(default=list, blank=True)
    """Names of the reactions that failed and are tried again; empty means all of them are to run."""

    class Meta:
        indexes = [due_index("event"), stuck_index("event")]


class Job(DueWork):
    """A timer. Deleted when finished; a periodic one moves its time."""

    kind = models.CharField(max_length=64)
    key = models.CharField(max_length=128)
    payload = models.JSONField(default=dict)
    error = models.TextField(default="", blank=True)

    class Meta:
        indexes = [due_index("job"), leased_index("job"), stuck_index("job")]
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="job_kind_key")]


class WorkerProcess(models.Model):
    """A worker that is, or was, alive. Times are real, not market time."""

    name = models.CharField(max_length=64, unique=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    in_flight = models.PositiveIntegerField(default=0)
    claimed = models.PositiveBigIntegerField(default=0)
    recorded = models.PositiveBigIntegerField(default=0)


class LeasedJob(DueWork):
    """Work that waits for somebody else's server, how far it is, and what came of it (``leased_jobs``)."""

    class Outcome(models.TextChoices):
        NONE = "", "under way"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    kind = models.CharField(max_length=64)
    key = models.CharField(max_length=128)
    seller_id = models.BigIntegerField(null=True, default=None)
    """Whose it is: pages show a job to nobody else."""
    payload = models.JSONField(default=dict)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    words = models.CharField(max_length=200, default="", blank=True)
    """What is being done now: a message id for gettext, or a word of the wire."""
    cancel = models.BooleanField(default=False)
    """Somebody asked to stop it."""
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
