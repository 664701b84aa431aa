"""Tables without a domain: the sandbox clock, lifecycle history, the outbox, timers, living processes."""

from __future__ import annotations

from datetime import timedelta

from django.db import models

from .work import DueWork, due_index, leased_index, stuck_index


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
