"""State transitions of a statement (business-rules §8.4; money.md §2)."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .models import Statement

Status = Statement.Status


class StatementEvent(StrEnum):
    SIGN = "sign"
    REJECT = "reject"
    RESUBMIT = "resubmit"
    APPLY = "apply"
    FAIL = "fail"
    RETRY = "retry"
    BAD_DETAILS = "bad_details"
    REFUSE = "refuse"
    RESTART = "restart"
    PAY = "pay"


STATEMENT: Lifecycle[Status, StatementEvent] = Lifecycle(
    "statement",
    {
        (Status.COUNTERSIGN, StatementEvent.SIGN): Status.TO_APPLY,
        (Status.COUNTERSIGN, StatementEvent.REJECT): Status.COUNTERSIGN_REJECTED,
        (Status.COUNTERSIGN_REJECTED, StatementEvent.RESUBMIT): Status.COUNTERSIGN,
        (Status.TO_APPLY, StatementEvent.APPLY): Status.PAYING,
        (Status.TO_APPLY, StatementEvent.FAIL): Status.APPLICATION_FAILED,
        (Status.APPLICATION_FAILED, StatementEvent.RETRY): Status.TO_APPLY,
        (Status.PAYING, StatementEvent.PAY): Status.PAID,
        (Status.PAYING, StatementEvent.BAD_DETAILS): Status.PAYMENT_WRONG,
        (Status.PAYING, StatementEvent.REFUSE): Status.REFUSED,
        (Status.PAYMENT_WRONG, StatementEvent.RETRY): Status.PAYING,
        (Status.REFUSED, StatementEvent.RESTART): Status.TO_APPLY,
    },
)
