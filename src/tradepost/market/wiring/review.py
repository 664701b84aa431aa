"""Reactions to events of ``review``."""

from __future__ import annotations

from tradepost.market.base.events import on
from tradepost.market.notifications import seller_reactions as notices
from tradepost.market.review.events import SubmissionDecided, SubmissionOverdue, SubmissionSent

REACTIONS = (
    on(SubmissionSent, notices.on_submission_sent),
    on(SubmissionDecided, notices.on_submission_decided),
    on(SubmissionOverdue, notices.on_submission_overdue),
)
