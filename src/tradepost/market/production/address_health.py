"""Health of a production address by its latest evidence. An address that was never called is untested, and a server
that refuses signatures is not healthy."""

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
    """``at``: time of the evidence; None for an address that was never called. ``trouble``: name of the problem as on
    attempts; ``probe`` if only a probe failed."""

    state: AddressState
    at: datetime | None = None
    trouble: str = ""


def health_of(address: Address) -> AddressHealth:
    """Return the health from the row of the address alone."""
    if address.breaker != Address.Breaker.CLOSED:
        return AddressHealth(AddressState.PAUSED, address.opened_at, address.last_fault)
    if address.trouble_since is not None:
        return AddressHealth(AddressState.DEGRADED, address.trouble_since, address.trouble)
    if address.failures:  # of a release that did not store the time
        return AddressHealth(AddressState.DEGRADED, None, address.last_fault)
    if address.last_success_at is None:
        return AddressHealth(AddressState.UNTESTED)
    return AddressHealth(AddressState.HEALTHY, address.last_success_at)
