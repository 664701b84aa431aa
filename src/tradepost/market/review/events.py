"""What happens to submissions."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


@event("submission_sent", about=("submission",))
class SubmissionSent(Struct, frozen=True, kw_only=True):
    """A submission passed the market's own checks and waits for an operator."""

    submission: int


@event("submission_decided", about=("submission",))
class SubmissionDecided(Struct, frozen=True, kw_only=True):
    """``outcome``: ``approved``, ``rejected``, or ``failed`` when the market's own checks decided it."""

    submission: int
    outcome: str


@event("submission_overdue", about=("submission",))
class SubmissionOverdue(Struct, frozen=True, kw_only=True):
    """Nobody decided it within the working days that the market promises."""

    submission: int
