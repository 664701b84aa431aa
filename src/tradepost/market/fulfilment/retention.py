"""What operations need of the attempts of their calls: everything, until they ended. A stopped one may be restarted at any time,
and what it then asks, or releases, goes by what its earlier calls sent.
"""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from tradepost.market.base.retention import Rule
from tradepost.market.production.models import Call

from .models import UNRESOLVED, Drift, Operation

_UNRESOLVED = Operation.objects.filter(status__in=UNRESOLVED)
ATTEMPTS = (Q(call__purpose=Call.Purpose.ORDER) & Q(Exists(_UNRESOLVED.filter(pk=OuterRef("call__owner"))))) | Q(
    Exists(_UNRESOLVED.filter(call=OuterRef("call")))
)
"""Attempts of calls that an operation which has not ended made, or waits for."""

DRIFTS = Rule(name="settled drift", model=Drift, when="found_at", setting="keep_drift_days", only=~Q(settled_at=None))
"""Differences between market and seller that no comparison finds any more. What stands is never deleted."""
