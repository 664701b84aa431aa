"""Events of tests of a seller's interfaces."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


class FailedCase(Struct, frozen=True, kw_only=True):
    """A case that failed, by its names on the wire."""

    case: int
    activity: str
    variant: str
    diagnosis: str
    """Name of the mistake (``check.diagnoses``); empty if no worker made the call."""


@event("replay_ended", about=("about",))
class ReplayEnded(Struct, frozen=True, kw_only=True):
    """A replay of cases has ended."""

    about: str
    """The subject given to ``replay.start``."""
    job: int
    outcome: str
    """``LeasedJob.Outcome``. The results are meaningful only if it is ``done``."""
    passed: bool
    seller: int | None
    cases: int
    """Number of cases replayed."""
    failed: tuple[FailedCase, ...] = ()
