"""What happens to an invoice."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.events import event


@event("invoice_requested", about=("invoice",))
class InvoiceRequested(Struct, frozen=True, kw_only=True):
    """A buyer applied for it."""

    invoice: int


@event("invoice_withdrawn", about=("invoice",))
class InvoiceWithdrawn(Struct, frozen=True, kw_only=True):
    """Its buyer cancelled it before it was reviewed."""

    invoice: int


@event("invoice_rejected", about=("invoice",))
class InvoiceRejected(Struct, frozen=True, kw_only=True):
    invoice: int


@event("invoice_issued", about=("invoice",))
class InvoiceIssued(Struct, frozen=True, kw_only=True):
    """It is there: a file, or a parcel on its way."""

    invoice: int
    issued: int
    """Which of those that were issued for it."""
    corrected: bool = False
    """In place of an earlier one."""


@event("invoice_returned", about=("invoice",))
class InvoiceReturned(Struct, frozen=True, kw_only=True):
    """Its seller took it back: what stood on it can be invoiced anew, or paid back."""

    invoice: int


@event("invoice_wished", about=("invoice",))
class InvoiceWished(Struct, frozen=True, kw_only=True):
    """Its buyer asks its seller to correct it, or to take it back."""

    invoice: int
    occasion: str
    """Tells one wish from the next."""


@event("invoice_wish_declined", about=("invoice",))
class InvoiceWishDeclined(Struct, frozen=True, kw_only=True):
    invoice: int
    occasion: str


@event("invoice_due_soon", about=("invoice",))
class InvoiceDueSoon(Struct, frozen=True, kw_only=True):
    """Its seller has little time left."""

    invoice: int
    occasion: str


@event("invoice_overdue", about=("invoice",))
class InvoiceOverdue(Struct, frozen=True, kw_only=True):
    """Its seller let the time pass."""

    invoice: int
    occasion: str
