"""The states of a request for approval and the transitions between them."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .models import Request

Status = Request.Status


class RequestEvent(StrEnum):
    APPROVE = "approve"
    FAIL = "fail"
    """An operator approved the request, but the act is not possible now. The request stays open and stores the
    reason."""
    REJECT = "reject"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"


REQUEST: Lifecycle[Status, RequestEvent] = Lifecycle(
    "approval",
    {
        (Status.WAITING, RequestEvent.APPROVE): Status.APPROVED,
        (Status.WAITING, RequestEvent.FAIL): Status.WAITING,
        (Status.WAITING, RequestEvent.REJECT): Status.REJECTED,
        (Status.WAITING, RequestEvent.WITHDRAW): Status.WITHDRAWN,
        (Status.WAITING, RequestEvent.EXPIRE): Status.EXPIRED,
    },
)
