"""The timer of a submission: when its working days are over and nobody decided, the operators learn of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tradepost.market.base import outbox

from .events import SubmissionOverdue
from .models import Submission

OVERDUE = "review.overdue"
"""Kind of the job; its key is the submission's."""


def tell_overdue(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Once for each submission: it stays at the top of the queue until it is decided."""
    pk = int(payload["submission"])
    if Submission.objects.filter(pk=pk, status=Submission.Status.PENDING).exists():
        outbox.publish(SubmissionOverdue(submission=pk), now=now)
    return None
