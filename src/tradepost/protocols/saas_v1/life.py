"""How SaaS 1.0 freezes and releases an instance, and returns its access data (saas-v1-license A2, A2.4, A2.5, A2.7)."""

from __future__ import annotations

from tradepost.protocols.commands import ChargingMode, Create, Expire, Scene, SetStatus
from tradepost.protocols.contract import Life

LIFE = Life(
    # One-time products have no call for it; products charged by usage have a status.
    freezes_by={
        ChargingMode.PERIOD: Expire,
        ChargingMode.ON_DEMAND: SetStatus,
        ChargingMode.ON_DEMAND_PKG: SetStatus,
    },
    refresh_thaws=frozenset({ChargingMode.PERIOD}),
    release_names_purchase=True,
    access_by=Create,  # A2: repeated each time the buyer opens the resource details
    periods=frozenset({"month", "year"}),  # A2.1: periodType is "year / month" ("day" for trial)
    # A2.3: trialToFormal; A8: only SaaS 2.0 has a change at renewal.
    scenes=frozenset({Scene.TRIAL_TO_FORMAL, Scene.RENEWAL, Scene.UNSUBSCRIBE_RENEWAL_PERIOD}),
    refresh_tells_quantity=False,  # A2.3 has no amount, and the guide has no order query
)
