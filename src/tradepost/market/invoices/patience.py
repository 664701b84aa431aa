"""How long a seller has for an invoice, when it is reminded, and what happens when it lets the time pass (business-rules §6.2).

One timer stands for an invoice that somebody waits for. It is never cancelled: when it comes it looks, and waits again or ends, so
that whoever acts on an invoice locks no timer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from tradepost.market.base import jobs, outbox
from tradepost.market.base.invoice_settings import InvoiceSettings
from tradepost.market.base.lifecycle import moved

from .events import InvoiceDueSoon, InvoiceOverdue
from .models import Invoice

CLOCK = "invoices.clock"
"""Kind of the timer that stands while a seller is waited for."""
HISTORY = "invoice clock"
"""Under which it stands in an invoice's history that its seller let the time pass."""


class Patience(Struct, frozen=True, kw_only=True):
    """``days``: calendar days of 24 hours (§6.2 says 7 days, and nothing of working days). ``remind_days``: before the end."""

    days: int
    remind_days: int

    def due_at(self, now: datetime) -> datetime:
        return now + timedelta(days=self.days)

    def remind_at(self, due_at: datetime) -> datetime:
        return due_at - timedelta(days=self.remind_days)


def patience_of(settings: InvoiceSettings) -> Patience:
    return Patience(days=settings.invoice_seller_days, remind_days=settings.invoice_remind_days)


def wait(invoice: Invoice, *, patience: Patience, now: datetime) -> None:
    """Its seller is waited for from now on."""
    invoice.due_at, invoice.late = patience.due_at(now), False
    invoice.save(update_fields=["due_at", "late"])
    first = patience.remind_at(invoice.due_at)
    jobs.schedule(CLOCK, str(invoice.pk), due_at=max(first, now), payload={"invoice": invoice.pk, "told": ""})


def tick(payload: Mapping[str, Any], now: datetime, *, patience: Patience) -> datetime | None:
    """Timer: remind the seller, then say that the time is over. Each is said once of each time that somebody waits for it."""
    invoice = Invoice.objects.select_for_update(of=("self",)).filter(pk=payload["invoice"]).first()
    if invoice is None or invoice.due_at is None or invoice.late:
        return None
    occasion = f"{invoice.due_at:%Y%m%d%H%M%S}"
    if now >= invoice.due_at:
        invoice.late = True
        invoice.save(update_fields=["late"])
        outbox.publish(InvoiceOverdue(invoice=invoice.pk, occasion=occasion), now=now)
        moved(invoice, HISTORY, "overdue", now=now, actor="market")
        return None
    if now >= patience.remind_at(invoice.due_at):
        outbox.publish(InvoiceDueSoon(invoice=invoice.pk, occasion=occasion), now=now)
        return invoice.due_at
    return patience.remind_at(invoice.due_at)
