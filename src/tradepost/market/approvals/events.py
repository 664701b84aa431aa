"""Events of requests for approval."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


@event("approval_requested", about=("request",))
class ApprovalRequested(Struct, frozen=True, kw_only=True):
    """An operator requested approval of an act."""

    request: int


@event("approval_ended", about=("request",))
class ApprovalEnded(Struct, frozen=True, kw_only=True):
    """A request was approved, rejected or withdrawn, or it expired. Its row has the status."""

    request: int
