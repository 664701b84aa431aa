"""Events of a supervised delivery."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


@event("supervision_node_entered", about=("supervision",))
class NodeEntered(Struct, frozen=True, kw_only=True):
    """Another party has to act now. ``act``: the act that led to this node; empty at the first node."""

    supervision: int
    visit: int
    act: str = ""


@event("supervision_reminded", about=("supervision",))
class NodeWaits(Struct, frozen=True, kw_only=True):
    """The party that has to act has been inactive for days."""

    supervision: int
    visit: int


@event("supervision_stale", about=("supervision",))
class SupervisionStale(Struct, frozen=True, kw_only=True):
    """The delivery has been open for very long. ``times``: number of such events so far, including this one."""

    supervision: int
    times: int


@event("supervision_ended", about=("supervision",))
class SupervisionEnded(Struct, frozen=True, kw_only=True):
    """The delivery was accepted or refunded. ``how``: a ``Supervision.Status``; ``by``: the actor."""

    supervision: int
    how: str
    by: str


@event("supervision_cancel_asked", about=("request",))
class CancelAsked(Struct, frozen=True, kw_only=True):
    """The buyer requested a refund or withdrew the request."""

    request: int
    withdrawn: bool = False


@event("supervision_cancel_declined", about=("request",))
class CancelDeclined(Struct, frozen=True, kw_only=True):
    """The seller declined the requested refund."""

    request: int


@event("supervision_appealed", about=("appeal",))
class AppealOpened(Struct, frozen=True, kw_only=True):
    """A party of a supervised delivery appealed to an operator."""

    appeal: int


@event("supervision_appeal_decided", about=("appeal",))
class AppealDecided(Struct, frozen=True, kw_only=True):
    """An operator decided an appeal."""

    appeal: int
