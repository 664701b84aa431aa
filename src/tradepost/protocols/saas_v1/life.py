"""How SaaS 1.0 freezes and releases an instance, and tells its access data (saas-v1-license A2, A2.4, A2.5, A2.7)."""

from __future__ import annotations

from tradepost.protocols.commands import ChargingMode, Create, Expire, Scene, SetStatus
from tradepost.protocols.contract import Life

LIFE = Life(
    # What is sold once has no word for it; what is charged by usage has a status.
    freezes_by={
        ChargingMode.PERIOD: Expire,
        ChargingMode.ON_DEMAND: SetStatus,
        ChargingMode.ON_DEMAND_PKG: SetStatus,
    },
    refresh_thaws=frozenset({ChargingMode.PERIOD}),
    release_names_purchase=True,
    access_by=Create,  # A2: called again each time the buyer opens the resource details
    periods=frozenset({"month", "year"}),  # A2.1: periodType is "year / month" ("day" for trial)
    # A2.3: trialToFormal; A8: a change at renewal is SaaS 2.0's alone.
    scenes=frozenset({Scene.TRIAL_TO_FORMAL, Scene.RENEWAL, Scene.UNSUBSCRIBE_RENEWAL_PERIOD}),
    refresh_tells_quantity=False,  # A2.3 has no amount, and the guide knows no order query
)
