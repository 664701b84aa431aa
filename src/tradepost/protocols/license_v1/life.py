"""How License 1.0 freezes and releases an instance (saas-v1-license B1)."""

from __future__ import annotations

from tradepost.protocols.commands import ChargingMode, Expire
from tradepost.protocols.contract import Life

LIFE = Life(
    freezes_by={ChargingMode.PERIOD: Expire},
    refresh_thaws=frozenset({ChargingMode.PERIOD}),
    release_names_purchase=True,
    periods=frozenset({"month", "year"}),  # B1: periodType is "year / month"
)
