"""How SaaS 1.0 freezes and releases an instance (saas-v1-license A2.4, A2.5, A2.7)."""

from __future__ import annotations

from tradepost.protocols.commands import ChargingMode, Expire, SetStatus
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
)
