"""What happens to submissions."""

from __future__ import annotations

from dataclasses import dataclass

from tradepost.market.base.events import event


@event("submission_sent", about=("submission",))
@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionSent:
    """A submission passed the market's own checks and waits for an operator."""

    submission: int


@event("submission_decided", about=("submission",))
@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionDecided:
    """``outcome``: ``approved``, ``rejected``, or ``failed`` when the market's own checks decided it."""

    submission: int
    outcome: str


@event("submission_overdue", about=("submission",))
@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionOverdue:
    """Nobody decided it within the working days that the market promises."""

    submission: int
