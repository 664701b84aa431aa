"""What happens to demands and complaints."""

from __future__ import annotations

from dataclasses import dataclass

from tradepost.market.base.events import event


@event("demand_raised", about=("demand",))
@dataclass(frozen=True, slots=True, kw_only=True)
class DemandRaised:
    """Somebody needs what the store does not have."""

    demand: int


@event("demand_passed", about=("customer_demand",))
@dataclass(frozen=True, slots=True, kw_only=True)
class DemandPassed:
    """An operator passed a demand to a seller."""

    customer_demand: int


@event("demand_returned", about=("customer_demand",))
@dataclass(frozen=True, slots=True, kw_only=True)
class DemandReturned:
    """A demand that a seller was asked for is the operators' again."""

    customer_demand: int
    why: str
    """``declined`` or ``expired``."""


@event("demand_answered", about=("demand",))
@dataclass(frozen=True, slots=True, kw_only=True)
class DemandAnswered:
    """An operator or a seller answered a demand."""

    demand: int


@event("demand_recalled", about=("customer_demand",))
@dataclass(frozen=True, slots=True, kw_only=True)
class DemandRecalled:
    """A seller that was asked for a demand need not answer any more."""

    customer_demand: int


@event("complaint_raised", about=("complaint",))
@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintRaised:
    """A buyer complains about a seller."""

    complaint: int


@event("complaint_replied", about=("complaint",))
@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintReplied:
    """The seller said something to a complaint."""

    complaint: int


@event("complaint_unanswered", about=("complaint",))
@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintUnanswered:
    """The seller has said nothing to a complaint for as long as the rules give it."""

    complaint: int


@event("complaint_decided", about=("complaint",))
@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintDecided:
    """An operator upheld a complaint, or did not."""

    complaint: int


@event("complaint_withdrawn", about=("complaint",))
@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintWithdrawn:
    """Its buyer complains no more."""

    complaint: int
