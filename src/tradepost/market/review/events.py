"""Events of submissions."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


@event("submission_sent", about=("submission",))
class SubmissionSent(Struct, frozen=True, kw_only=True):
    """A submission passed the automatic checks and awaits an operator."""

    submission: int


@event("submission_decided", about=("submission",))
class SubmissionDecided(Struct, frozen=True, kw_only=True):
    """``outcome``: ``approved``, ``rejected``, or ``failed`` if the automatic checks decided it."""

    submission: int
    outcome: str


@event("submission_overdue", about=("submission",))
class SubmissionOverdue(Struct, frozen=True, kw_only=True):
    """A submission was not decided within the promised working days."""

    submission: int
