"""Web sites of sellers that are checked, each run with what it found, and findings that an operator took for mistaken."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tradepost.market.identity.models import Domain, Seller, User

from .contract import Severity


class WebTask(models.Model):
    """An address of a seller that is checked (business-rules §2.7: several addresses → several tasks)."""

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="web_tasks", db_index=False)
    domain = models.ForeignKey(Domain, models.PROTECT, related_name="web_tasks")
    url = models.CharField(_("Address"), max_length=512)
    place = models.CharField(max_length=270)
    """The host, and on this machine its port too: one domain is checked in one place only."""
    contact_name = models.CharField(_("Contact"), max_length=64)
    contact_mobile = models.CharField(_("Mobile"), max_length=32)
    contact_email = models.EmailField(_("E-mail"), max_length=254)
    """Who is asked when a check hurts the site (§17.10)."""
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["seller", "url"], name="web_task_once")]
        indexes: ClassVar = [models.Index(fields=["place"], name="web_task_place")]

    def __str__(self) -> str:
        return self.url


class WebScan(models.Model):
    """One run. What it found stays as it was seen."""

    class Status(models.TextChoices):
        RUNNING = "running", pgettext_lazy("web check", "Being checked")
        DONE = "done", pgettext_lazy("web check", "Checked")
        UNREACHED = "unreached", pgettext_lazy("web check", "Site not reached")
        BROKEN = "broken", pgettext_lazy("web check", "Broken off")
        CANCELLED = "cancelled", pgettext_lazy("web check", "Stopped")

    task = models.ForeignKey(WebTask, models.CASCADE, related_name="scans", db_index=False)
    seller = models.ForeignKey(Seller, models.CASCADE, related_name="+", db_index=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.RUNNING)
    url = models.CharField(max_length=512)
    """As the task had it then."""
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, default=None)
    requests = models.PositiveIntegerField(default=0)
    not_tested = models.JSONField(default=list)
    """``{"check", "why", "detail"}`` of what this run could not ask."""

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
    """A fault that a run saw. ``fingerprint``: of code, place and evidence; the same next time if nothing changed."""

    scan = models.ForeignKey(WebScan, models.CASCADE, related_name="findings")
    code = models.CharField(max_length=64)
    severity = models.CharField(max_length=8, choices=[(each.value, each.value) for each in Severity])
    where = models.CharField(max_length=512)
    evidence = models.JSONField(default=list)
    fingerprint = models.CharField(max_length=64)


class FalsePositive(models.Model):
    """A finding that an operator took for mistaken: it blocks its site no more while its evidence is the same (§2.7)."""

    seller = models.ForeignKey(Seller, models.CASCADE, related_name="+", db_index=False)
    place = models.CharField(max_length=270)
    code = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    submission = models.BigIntegerField()
    """Key of the appeal that was accepted."""
    by = models.CharField(max_length=254)
    accepted_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["seller", "place", "fingerprint"], name="web_false_positive_once")
        ]


class ScanUse(models.Model):
    """Something that was published with a run: ``version:45``. What is used stays."""

    owner = models.CharField(max_length=64)
    scan = models.ForeignKey(WebScan, models.PROTECT, related_name="uses")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["owner", "scan"], name="web_scan_use_once")]
