"""The timer of a submission: notify the operators if it is not decided within its working days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tradepost.market.base import outbox

from .events import SubmissionOverdue
from .models import Submission

OVERDUE = "review.overdue"
"""Kind of the job; its key is the submission's."""


def report_overdue(payload: Mapping[str, Any], now: datetime) -> datetime | None:
    """Timer task: publish once per submission that it is overdue. It stays at the top of the queue until it is
    decided."""
    pk = int(payload["submission"])
    if Submission.objects.filter(pk=pk, status=Submission.Status.PENDING).exists():
        outbox.publish(SubmissionOverdue(submission=pk), now=now)
    return None
