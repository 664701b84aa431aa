"""The states of demands, demands passed to sellers, and complaints as tables (business-rules §9, §17.7)."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .models import Complaint, CustomerDemand, Demand

DemandStatus = Demand.Status
CustomerDemandStatus = CustomerDemand.Status
ComplaintStatus = Complaint.Status


class DemandEvent(StrEnum):
    ANSWER = "answer"
    ASK_SELLER = "ask_seller"
    RETURN = "return"
    CLOSE = "close"
    WITHDRAW = "withdraw"


DEMAND: Lifecycle[DemandStatus, DemandEvent] = Lifecycle(
    "demand",
    {
        (DemandStatus.OPEN, DemandEvent.ANSWER): DemandStatus.ANSWERED,
        (DemandStatus.OPEN, DemandEvent.ASK_SELLER): DemandStatus.WITH_SELLER,
        (DemandStatus.OPEN, DemandEvent.CLOSE): DemandStatus.CLOSED,
        (DemandStatus.OPEN, DemandEvent.WITHDRAW): DemandStatus.WITHDRAWN,
        (DemandStatus.WITH_SELLER, DemandEvent.ANSWER): DemandStatus.ANSWERED,
        (DemandStatus.WITH_SELLER, DemandEvent.RETURN): DemandStatus.OPEN,
        (DemandStatus.WITH_SELLER, DemandEvent.WITHDRAW): DemandStatus.WITHDRAWN,
    },
)


class CustomerDemandEvent(StrEnum):
    ACCEPT = "accept"
    DECLINE = "decline"
    EXPIRE = "expire"
    RECALL = "recall"


CUSTOMER_DEMAND: Lifecycle[CustomerDemandStatus, CustomerDemandEvent] = Lifecycle(
    "customer demand",
    {
        (CustomerDemandStatus.WAITING, CustomerDemandEvent.ACCEPT): CustomerDemandStatus.ACCEPTED,
        (CustomerDemandStatus.WAITING, CustomerDemandEvent.DECLINE): CustomerDemandStatus.DECLINED,
        (CustomerDemandStatus.WAITING, CustomerDemandEvent.EXPIRE): CustomerDemandStatus.EXPIRED,
        (CustomerDemandStatus.WAITING, CustomerDemandEvent.RECALL): CustomerDemandStatus.RECALLED,
    },
)


class ComplaintEvent(StrEnum):
    REPLY = "reply"
    TIME_OUT = "time_out"
    UPHOLD = "uphold"
    DISMISS = "dismiss"
    WITHDRAW = "withdraw"


COMPLAINT: Lifecycle[ComplaintStatus, ComplaintEvent] = Lifecycle(
    "complaint",
    {
        (ComplaintStatus.ASKED, ComplaintEvent.REPLY): ComplaintStatus.REPLIED,
        (ComplaintStatus.ASKED, ComplaintEvent.TIME_OUT): ComplaintStatus.UNANSWERED,
        (ComplaintStatus.UNANSWERED, ComplaintEvent.REPLY): ComplaintStatus.REPLIED,
        **{
            (status, event): after
            for status in (ComplaintStatus.ASKED, ComplaintStatus.UNANSWERED, ComplaintStatus.REPLIED)
            for event, after in (
                (ComplaintEvent.UPHOLD, ComplaintStatus.UPHELD),
                (ComplaintEvent.DISMISS, ComplaintStatus.NOT_UPHELD),
                (ComplaintEvent.WITHDRAW, ComplaintStatus.WITHDRAWN),
            )
        },
    },
)
