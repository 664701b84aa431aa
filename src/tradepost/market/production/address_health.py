"""How a production address stands, by its last evidence and no guess: what was never called is untested, and a server that
refuses signatures is not well because it answers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from .models import Address


class AddressState(StrEnum):
    UNTESTED = "untested"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    PAUSED = "paused"


class AddressHealth(Struct, frozen=True):
    """``at``: when the evidence came; None for an address that was never called. ``trouble``: what went wrong, as on attempts;
    ``probe`` when only a probe failed."""

    state: AddressState
    at: datetime | None = None
    trouble: str = ""


def health_of(address: Address) -> AddressHealth:
    """Of the address's row alone, whatever else is known of its calls."""
    if address.breaker != Address.Breaker.CLOSED:
        return AddressHealth(AddressState.PAUSED, address.opened_at, address.last_fault)
    if address.trouble_since is not None:
        return AddressHealth(AddressState.DEGRADED, address.trouble_since, address.trouble)
    if address.failures:  # of a release that did not note since when
        return AddressHealth(AddressState.DEGRADED, None, address.last_fault)
    if address.last_success_at is None:
        return AddressHealth(AddressState.UNTESTED)
    return AddressHealth(AddressState.HEALTHY, address.last_success_at)
