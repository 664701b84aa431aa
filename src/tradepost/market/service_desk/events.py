"""Events of demands and complaints."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


@event("demand_raised", about=("demand",))
class DemandRaised(Struct, frozen=True, kw_only=True):
    """A demand for a missing product was raised."""

    demand: int


@event("demand_passed", about=("customer_demand",))
class DemandPassed(Struct, frozen=True, kw_only=True):
    """An operator passed a demand to a seller."""

    customer_demand: int


@event("demand_returned", about=("customer_demand",))
class DemandReturned(Struct, frozen=True, kw_only=True):
    """A demand returned from a seller to the operators."""

    customer_demand: int
    why: str
    """``declined`` or ``expired``."""


@event("demand_answered", about=("demand",))
class DemandAnswered(Struct, frozen=True, kw_only=True):
    """An operator or a seller answered a demand."""

    demand: int


@event("demand_recalled", about=("customer_demand",))
class DemandRecalled(Struct, frozen=True, kw_only=True):
    """A seller need not answer a demand any more."""

    customer_demand: int


@event("complaint_raised", about=("complaint",))
class ComplaintRaised(Struct, frozen=True, kw_only=True):
    """A buyer complained about a seller."""

    complaint: int


@event("complaint_replied", about=("complaint",))
class ComplaintReplied(Struct, frozen=True, kw_only=True):
    """The seller replied to a complaint."""

    complaint: int


@event("complaint_unanswered", about=("complaint",))
class ComplaintUnanswered(Struct, frozen=True, kw_only=True):
    """The seller did not reply to a complaint in time."""

    complaint: int


@event("complaint_decided", about=("complaint",))
class ComplaintDecided(Struct, frozen=True, kw_only=True):
    """An operator decided a complaint."""

    complaint: int


@event("complaint_withdrawn", about=("complaint",))
class ComplaintWithdrawn(Struct, frozen=True, kw_only=True):
    """The buyer withdrew a complaint."""

    complaint: int
