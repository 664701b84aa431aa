"""What happens to an invoice."""

from __future__ import annotations

from dataclasses import dataclass

from tradepost.market.base.events import event


@event("invoice_requested", about=("invoice",))
@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRequested:
    """A buyer applied for it."""

    invoice: int


@event("invoice_withdrawn", about=("invoice",))
@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceWithdrawn:
    """Its buyer cancelled it before it was reviewed."""

    invoice: int


@event("invoice_rejected", about=("invoice",))
@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRejected:
    invoice: int


@event("invoice_issued", about=("invoice",))
@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceIssued:
    """It is there: a file, or a parcel on its way."""

    invoice: int
    issued: int
    """Which of those that were issued for it."""
    corrected: bool = False
    """In place of an earlier one."""


@event("invoice_returned", about=("invoice",))
@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceReturned:
    """Its seller took it back: what stood on it can be invoiced anew, or paid back."""

    invoice: int


@event("invoice_wished", about=("invoice",))
@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceWished:
    """Its buyer asks its seller to correct it, or to take it back."""

    invoice: int
    occasion: str
    """Tells one wish from the next."""


@event("invoice_wish_declined", about=("invoice",))
@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceWishDeclined:
    invoice: int
    occasion: str


@event("invoice_due_soon", about=("invoice",))
@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDueSoon:
    """Its seller has little time left."""

    invoice: int
    occasion: str


@event("invoice_overdue", about=("invoice",))
@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceOverdue:
    """Its seller let the time pass."""

    invoice: int
    occasion: str
