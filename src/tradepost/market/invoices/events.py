"""Events of invoices."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


@event("invoice_requested", about=("invoice",))
class InvoiceRequested(Struct, frozen=True, kw_only=True):
    """A buyer applied for an invoice."""

    invoice: int


@event("invoice_withdrawn", about=("invoice",))
class InvoiceWithdrawn(Struct, frozen=True, kw_only=True):
    """The buyer cancelled the application before its review."""

    invoice: int


@event("invoice_rejected", about=("invoice",))
class InvoiceRejected(Struct, frozen=True, kw_only=True):
    """An application for an invoice was rejected."""

    invoice: int


@event("invoice_issued", about=("invoice",))
class InvoiceIssued(Struct, frozen=True, kw_only=True):
    """The invoice was issued as a file or a parcel."""

    invoice: int
    issued: int
    """Key of the issued invoice."""
    corrected: bool = False
    """Whether it replaces an earlier one."""


@event("invoice_returned", about=("invoice",))
class InvoiceReturned(Struct, frozen=True, kw_only=True):
    """The seller took the invoice back; its items can be invoiced again or refunded."""

    invoice: int


@event("invoice_wished", about=("invoice",))
class InvoiceWished(Struct, frozen=True, kw_only=True):
    """The buyer requested a correction or return."""

    invoice: int
    occasion: str
    """Distinguishes repeated requests."""


@event("invoice_wish_declined", about=("invoice",))
class InvoiceWishDeclined(Struct, frozen=True, kw_only=True):
    """The requested correction or return of an invoice was declined."""

    invoice: int
    occasion: str


@event("invoice_due_soon", about=("invoice",))
class InvoiceDueSoon(Struct, frozen=True, kw_only=True):
    """The seller's time to act ends soon."""

    invoice: int
    occasion: str


@event("invoice_overdue", about=("invoice",))
class InvoiceOverdue(Struct, frozen=True, kw_only=True):
    """The seller missed the deadline."""

    invoice: int
    occasion: str
