"""State transitions of an invoice (business-rules §6.2; money.md §2)."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.base.lifecycle import Lifecycle

from .models import Invoice

Status = Invoice.Status


class InvoiceEvent(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"
    ISSUE = "issue"
    CORRECT = "correct"
    RETURN = "return"


INVOICE: Lifecycle[Status, InvoiceEvent] = Lifecycle(
    "invoice",
    {
        (Status.REVIEW, InvoiceEvent.APPROVE): Status.TO_ISSUE,
        (Status.REVIEW, InvoiceEvent.REJECT): Status.REJECTED,
        (Status.REVIEW, InvoiceEvent.CANCEL): Status.CANCELLED,
        (Status.TO_ISSUE, InvoiceEvent.ISSUE): Status.DONE,
        (Status.DONE, InvoiceEvent.CORRECT): Status.DONE,
        (Status.DONE, InvoiceEvent.RETURN): Status.RETURNED,
    },
)
