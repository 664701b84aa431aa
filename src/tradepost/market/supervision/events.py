"""What happens in a supervised delivery."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


@event("supervision_node_entered", about=("supervision",))
class NodeEntered(Struct, frozen=True, kw_only=True):
    """Somebody else has to act now. ``act``: what led there, empty at the beginning."""

    supervision: int
    visit: int
    act: str = ""


@event("supervision_reminded", about=("supervision",))
class NodeWaits(Struct, frozen=True, kw_only=True):
    """Whoever has to act has not done so for days."""

    supervision: int
    visit: int


@event("supervision_stale", about=("supervision",))
class SupervisionStale(Struct, frozen=True, kw_only=True):
    """It is open for very long. ``times``: how often that was told with this."""

    supervision: int
    times: int


@event("supervision_ended", about=("supervision",))
class SupervisionEnded(Struct, frozen=True, kw_only=True):
    """Accepted or paid back. ``how``: a ``Supervision.Status``; ``by``: who did it."""

    supervision: int
    how: str
    by: str


@event("supervision_cancel_asked", about=("request",))
class CancelAsked(Struct, frozen=True, kw_only=True):
    """The buyer wants it cancelled, or does not any more."""

    request: int
    withdrawn: bool = False


@event("supervision_cancel_declined", about=("request",))
class CancelDeclined(Struct, frozen=True, kw_only=True):
    request: int


@event("supervision_appealed", about=("appeal",))
class AppealOpened(Struct, frozen=True, kw_only=True):
    appeal: int


@event("supervision_appeal_decided", about=("appeal",))
class AppealDecided(Struct, frozen=True, kw_only=True):
    appeal: int
