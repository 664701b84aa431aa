"""The lifecycle of a domain."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .domain_models import Domain


class DomainEvent(StrEnum):
    PROVE = "prove"
    LAPSE = "lapse"


_S = Domain.Status
DOMAIN: Lifecycle[Domain.Status, DomainEvent] = Lifecycle(
    "domain",
    {
        (_S.PENDING, DomainEvent.PROVE): _S.VERIFIED,
        (_S.VERIFIED, DomainEvent.LAPSE): _S.LAPSED,
        (_S.LAPSED, DomainEvent.PROVE): _S.VERIFIED,
    },
)
