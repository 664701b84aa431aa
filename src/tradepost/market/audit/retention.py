"""Delete old audit entries. Each deletion needs a clearance row, which remains."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base.retention import Sweep

from .models import Clearance, Entry

BATCH = 1000
"""Rows per statement. Small enough that the database deletes by primary key, however large the log is."""


def _sweep(before: datetime) -> int:
    old = list(Entry.objects.filter(at__lt=before).order_by("at", "pk").values_list("pk", flat=True)[:BATCH])
    if not old:
        return 0
    if not Clearance.objects.filter(before__gte=before).exists():
        Clearance.objects.create(before=before)
    return Entry.objects.filter(pk__in=old).delete()[0]


ENTRIES = Sweep(name="audit", model=Entry, setting="keep_audit_days", work=_sweep)
