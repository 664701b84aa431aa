"""State transitions of a withdrawal."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .withdrawal_models import Withdrawal

Status = Withdrawal.Status


class WithdrawalEvent(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    PAY = "pay"
    RETURN = "return"
    """The bank returned the money."""


WITHDRAWAL: Lifecycle[Status, WithdrawalEvent] = Lifecycle(
    "withdrawal",
    {
        (Status.REQUESTED, WithdrawalEvent.APPROVE): Status.APPROVED,
        (Status.REQUESTED, WithdrawalEvent.REJECT): Status.REJECTED,
        (Status.REQUESTED, WithdrawalEvent.WITHDRAW): Status.WITHDRAWN,
        (Status.APPROVED, WithdrawalEvent.PAY): Status.PAID,
        (Status.APPROVED, WithdrawalEvent.REJECT): Status.REJECTED,
        (Status.PAID, WithdrawalEvent.RETURN): Status.RETURNED,
    },
)
