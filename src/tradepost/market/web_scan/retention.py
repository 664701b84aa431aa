"""Retention of reports, except those with which a product was submitted, and running ones."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from tradepost.market.base.retention import Rule

from .models import ScanUse, WebScan

SCANS = Rule(
    name="web checks",
    model=WebScan,
    when="started_at",
    setting="keep_web_scans_days",
    needed=Q(Exists(ScanUse.objects.filter(scan=OuterRef("pk")))) | Q(status=WebScan.Status.RUNNING),
)
