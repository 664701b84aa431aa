"""The lifecycle of a submission (business-rules §2.4)."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .models import Submission

SubmissionStatus = Submission.Status


class SubmissionEvent(StrEnum):
    SUBMIT = "submit"
    PASS = "pass"  # noqa: S105  # a check is passed
    FAIL = "fail"
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"


SUBMISSION: Lifecycle[SubmissionStatus, SubmissionEvent] = Lifecycle(
    "submission",
    {
        (SubmissionStatus.DRAFT, SubmissionEvent.SUBMIT): SubmissionStatus.CHECKING,
        (SubmissionStatus.CHECKING, SubmissionEvent.PASS): SubmissionStatus.PENDING,
        (SubmissionStatus.CHECKING, SubmissionEvent.FAIL): SubmissionStatus.FAILED,
        (SubmissionStatus.PENDING, SubmissionEvent.APPROVE): SubmissionStatus.APPROVED,
        (SubmissionStatus.PENDING, SubmissionEvent.REJECT): SubmissionStatus.REJECTED,
        (SubmissionStatus.PENDING, SubmissionEvent.WITHDRAW): SubmissionStatus.WITHDRAWN,
    },
)
