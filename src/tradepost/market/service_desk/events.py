"""What happens to demands and complaints."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


@event("demand_raised", about=("demand",))
class DemandRaised(Struct, frozen=True, kw_only=True):
    """Somebody needs what the store does not have."""

    demand: int


@event("demand_passed", about=("customer_demand",))
class DemandPassed(Struct, frozen=True, kw_only=True):
    """An operator passed a demand to a seller."""

    customer_demand: int


@event("demand_returned", about=("customer_demand",))
class DemandReturned(Struct, frozen=True, kw_only=True):
    """A demand that a seller was asked for is the operators' again."""

    customer_demand: int
    why: str
    """``declined`` or ``expired``."""


@event("demand_answered", about=("demand",))
class DemandAnswered(Struct, frozen=True, kw_only=True):
    """An operator or a seller answered a demand."""

    demand: int


@event("demand_recalled", about=("customer_demand",))
class DemandRecalled(Struct, frozen=True, kw_only=True):
    """A seller that was asked for a demand need not answer any more."""

    customer_demand: int


@event("complaint_raised", about=("complaint",))
class ComplaintRaised(Struct, frozen=True, kw_only=True):
    """A buyer complains about a seller."""

    complaint: int


@event("complaint_replied", about=("complaint",))
class ComplaintReplied(Struct, frozen=True, kw_only=True):
    """The seller said something to a complaint."""

    complaint: int


@event("complaint_unanswered", about=("complaint",))
class ComplaintUnanswered(Struct, frozen=True, kw_only=True):
    """The seller has said nothing to a complaint for as long as the rules give it."""

    complaint: int


@event("complaint_decided", about=("complaint",))
class ComplaintDecided(Struct, frozen=True, kw_only=True):
    """An operator upheld a complaint, or did not."""

    complaint: int


@event("complaint_withdrawn", about=("complaint",))
class ComplaintWithdrawn(Struct, frozen=True, kw_only=True):
    """Its buyer complains no more."""

    complaint: int
