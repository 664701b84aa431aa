"""Websites of sellers that are checked, runs with their findings, and false positives."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.identity.models import Domain, Seller, User

from .contract import Severity


class WebTask(models.Model):
    """A seller's web address to check (business-rules §2.7: several addresses → several tasks)."""

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="web_tasks", db_index=False)
    domain = models.ForeignKey(Domain, models.PROTECT, related_name="web_tasks")
    url = models.CharField(_("Address"), max_length=512)
    place = models.CharField(max_length=270)
    """The host, for loopback names with its port: only one seller can have a domain checked."""
    contact_name = models.CharField(_("Contact"), max_length=64)
    contact_mobile = models.CharField(_("Mobile"), max_length=32)
    contact_email = models.EmailField(_("E-mail"), max_length=254)
    """Contact if a check disturbs the site (§17.10)."""
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["seller", "url"], name="web_task_once")]
        indexes: ClassVar = [models.Index(fields=["place"], name="web_task_place")]

    def __str__(self) -> str:
        return self.url


class WebScan(models.Model):
    """One run. Its findings never change."""

    class Status(models.TextChoices):
        RUNNING = "running", pgettext_lazy("web check", "Being checked")
        DONE = "done", pgettext_lazy("web check", "Checked")
        UNREACHED = "unreached", pgettext_lazy("web check", "Site not reached")
        BROKEN = "broken", pgettext_lazy("web check", "Interrupted")
        CANCELLED = "cancelled", pgettext_lazy("web check", "Stopped")

    task = models.ForeignKey(WebTask, models.CASCADE, related_name="scans", db_index=False)
    seller = models.ForeignKey(Seller, models.CASCADE, related_name="+", db_index=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.RUNNING)
    url = models.CharField(max_length=512)
    """The task's address at that time."""
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)
    requests = models.PositiveIntegerField(default=0)
    not_tested = models.JSONField(default=list)
    """``{"check", "why", "detail"}`` of what this run could not test."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["task"], condition=Q(status="running"), name="web_scan_one_runs")
        ]
        indexes: ClassVar = [
            models.Index(fields=["task", "-id"], name="web_scan_task"),
            models.Index(fields=["task", "status", "-id"], name="web_scan_task_status"),
            models.Index(fields=["status", "-id"], name="web_scan_status"),
            models.Index(fields=["seller", "started_at"], name="web_scan_seller"),
        ]


class WebFinding(models.Model):
    """A fault found in a run. ``fingerprint``: hash of code, place and evidence; equal next time if nothing
    changed."""

    scan = models.ForeignKey(WebScan, models.CASCADE, related_name="findings")
    code = models.CharField(max_length=64)
    severity = models.CharField(max_length=8, choices=[(choice.value, choice.value) for choice in Severity])
    where = models.CharField(max_length=512)
    evidence = models.JSONField(default=list)
    fingerprint = models.CharField(max_length=64)


class FalsePositive(models.Model):
    """A finding that an operator declared a false positive: it no longer blocks its site while its evidence is the
    same (§2.7)."""

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="+", db_index=False)
    place = models.CharField(max_length=270)
    code = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    submission = models.BigIntegerField()
    """Key of the accepted appeal."""
    by = models.CharField(max_length=254)
    accepted_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["seller", "place", "fingerprint"], name="web_false_positive_once")
        ]


class ScanUse(models.Model):
    """A reference to a run with which something was published: ``version:45``. Referenced runs are kept."""

    owner = models.CharField(max_length=64)
    scan = models.ForeignKey(WebScan, models.PROTECT, related_name="uses")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["owner", "scan"], name="web_scan_use_once")]
