"""Deadline of a seller for an invoice: reminder and overdue notice (business-rules §6.2).

Each pending invoice has one timer, which is never cancelled; it checks the invoice and reschedules or ends. So actions
on an invoice lock no timer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from tradepost.market.base import jobs, outbox
from tradepost.market.base.lifecycle import record_move
from tradepost.market.base.settings.invoices import InvoiceSettings

from .events import InvoiceDueSoon, InvoiceOverdue
from .models import Invoice

TIMER_KIND = "invoices.clock"
"""Kind of the timer while a seller's action is pending."""
HISTORY = "invoice clock"
"""Name of the history entry for a missed deadline."""


class IssueDeadline(Struct, frozen=True, kw_only=True):
    """``days``: calendar days of 24 hours (§6.2 says 7 days and mentions no working days). ``remind_days``: before the
    end."""

    days: int
    remind_days: int

    def due_at(self, now: datetime) -> datetime:
        return now + timedelta(days=self.days)

    def remind_at(self, due_at: datetime) -> datetime:
        return due_at - timedelta(days=self.remind_days)


def deadline_of(settings: InvoiceSettings) -> IssueDeadline:
    return IssueDeadline(days=settings.invoice_seller_days, remind_days=settings.invoice_remind_days)


def start_deadline(invoice: Invoice, *, patience: IssueDeadline, now: datetime) -> None:
    """Set the deadline and start the timer."""
    invoice.due_at, invoice.late = patience.due_at(now), False
    invoice.save(update_fields=["due_at", "late"])
    first_reminder = patience.remind_at(invoice.due_at)
    jobs.schedule(
        TIMER_KIND, str(invoice.pk), due_at=max(first_reminder, now), payload={"invoice": invoice.pk, "told": ""}
    )


def tick(payload: Mapping[str, Any], now: datetime, *, patience: IssueDeadline) -> datetime | None:
    """Timer: remind the seller, then mark the invoice overdue; once per deadline each."""
    invoice = Invoice.objects.select_for_update(of=("self",)).filter(pk=payload["invoice"]).first()
    if invoice is None or invoice.due_at is None or invoice.late:
        return None
    occasion = f"{invoice.due_at:%Y%m%d%H%M%S}"
    if now >= invoice.due_at:
        invoice.late = True
        invoice.save(update_fields=["late"])
        outbox.publish(InvoiceOverdue(invoice=invoice.pk, occasion=occasion), now=now)
        record_move(invoice, HISTORY, "overdue", now=now, actor="market")
        return None
    if now >= patience.remind_at(invoice.due_at):
        outbox.publish(InvoiceDueSoon(invoice=invoice.pk, occasion=occasion), now=now)
        return invoice.due_at
    return patience.remind_at(invoice.due_at)
