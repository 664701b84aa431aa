"""State transitions of a refund (operations.md §2). A refund without the need for consent starts as approved."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .refund_models import Refund

RefundStatus = Refund.Status


class RefundEvent(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    APPEAL = "appeal"
    PAY = "pay"


REFUND: Lifecycle[RefundStatus, RefundEvent] = Lifecycle(
    "refund",
    {
        (RefundStatus.SELLER_REVIEW, RefundEvent.APPROVE): RefundStatus.APPROVED,
        (RefundStatus.SELLER_REVIEW, RefundEvent.REJECT): RefundStatus.REJECTED,
        (RefundStatus.SELLER_REVIEW, RefundEvent.WITHDRAW): RefundStatus.WITHDRAWN,
        (RefundStatus.SELLER_REVIEW, RefundEvent.APPEAL): RefundStatus.APPEALED,
        (RefundStatus.APPEALED, RefundEvent.APPROVE): RefundStatus.APPROVED,
        (RefundStatus.APPEALED, RefundEvent.REJECT): RefundStatus.REJECTED,
        (RefundStatus.APPEALED, RefundEvent.WITHDRAW): RefundStatus.WITHDRAWN,
        (RefundStatus.APPROVED, RefundEvent.PAY): RefundStatus.REFUNDED,
    },
)
