"""What happens while a seller tries its interfaces out."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


class FailedCase(Struct, frozen=True, kw_only=True):
    """A case that did not succeed, by its names on the wire."""

    case: int
    activity: str
    variant: str
    diagnosis: str
    """Name of the mistake (``check.diagnoses``); empty where no worker made the call."""


@event("replay_ended", about=("about",))
class ReplayEnded(Struct, frozen=True, kw_only=True):
    """Cases were made again for somebody who wants to know."""

    about: str
    """As it was given to ``replay.start``."""
    job: int
    outcome: str
    """``LeasedJob.Outcome``: only one that is ``done`` says something of the cases."""
    passed: bool
    seller: int | None
    cases: int
    """How many were made."""
    failed: tuple[FailedCase, ...] = ()
