"""Retention of call attempts for operations: all until they end. A stopped operation may be restarted, and its next
calls depend on earlier ones."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from tradepost.market.base.retention import Rule
from tradepost.market.production.models import Call

from .models import UNRESOLVED, Drift, Operation

_UNRESOLVED = Operation.objects.filter(status__in=UNRESOLVED)
ATTEMPTS = (Q(call__purpose=Call.Purpose.ORDER) & Q(Exists(_UNRESOLVED.filter(pk=OuterRef("call__owner"))))) | Q(
    Exists(_UNRESOLVED.filter(call=OuterRef("call")))
)
"""Attempts of calls that an open operation made or waits for."""

DRIFTS = Rule(name="settled drift", model=Drift, when="found_at", setting="keep_drift_days", only=~Q(settled_at=None))
"""Retention of settled drift. Open drift is never deleted."""
