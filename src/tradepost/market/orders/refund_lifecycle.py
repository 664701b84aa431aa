"""The life of a refund as a table (operations.md §2). What needs nobody's consent begins as agreed."""

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
