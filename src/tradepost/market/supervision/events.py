"""What happens in a supervised delivery."""

from __future__ import annotations

from dataclasses import dataclass

from tradepost.market.base.events import event


@event("supervision_node_entered", about=("supervision",))
@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEntered:
    """Somebody else has to act now. ``act``: what led there, empty at the beginning."""

    supervision: int
    visit: int
    act: str = ""


@event("supervision_reminded", about=("supervision",))
@dataclass(frozen=True, slots=True, kw_only=True)
class NodeWaits:
    """Whoever has to act has not done so for days."""

    supervision: int
    visit: int


@event("supervision_stale", about=("supervision",))
@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisionStale:
    """It is open for very long. ``times``: how often that was told with this."""

    supervision: int
    times: int


@event("supervision_ended", about=("supervision",))
@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisionEnded:
    """Accepted or paid back. ``how``: a ``Supervision.Status``; ``by``: who did it."""

    supervision: int
    how: str
    by: str


@event("supervision_cancel_asked", about=("request",))
@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAsked:
    """The buyer wants it cancelled, or does not any more."""

    request: int
    withdrawn: bool = False


@event("supervision_cancel_declined", about=("request",))
@dataclass(frozen=True, slots=True, kw_only=True)
class CancelDeclined:
    request: int


@event("supervision_appealed", about=("appeal",))
@dataclass(frozen=True, slots=True, kw_only=True)
class AppealOpened:
    appeal: int


@event("supervision_appeal_decided", about=("appeal",))
@dataclass(frozen=True, slots=True, kw_only=True)
class AppealDecided:
    appeal: int
