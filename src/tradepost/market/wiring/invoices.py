"""Reactions to events of ``invoices``."""

from __future__ import annotations

from tradepost.market.base.events import on
from tradepost.market.invoices.events import (
    InvoiceDueSoon,
    InvoiceIssued,
    InvoiceOverdue,
    InvoiceRejected,
    InvoiceRequested,
    InvoiceReturned,
    InvoiceWishDeclined,
    InvoiceWished,
    InvoiceWithdrawn,
)
from tradepost.market.notifications.notify import notify
from tradepost.market.notifications.subjects import invoices

REACTIONS = (
    on(InvoiceRequested, notify(invoices.REQUESTED)),
    on(InvoiceWithdrawn, notify(invoices.WITHDRAWN)),
    on(InvoiceRejected, notify(invoices.REJECTED)),
    on(InvoiceIssued, notify(invoices.ISSUED)),
    on(InvoiceReturned, notify(invoices.RETURNED)),
    on(InvoiceWished, notify(invoices.WISHED)),
    on(InvoiceWishDeclined, notify(invoices.WISH_DECLINED)),
    on(InvoiceDueSoon, notify(invoices.DUE_SOON)),
    on(InvoiceOverdue, notify(invoices.OVERDUE)),
)
