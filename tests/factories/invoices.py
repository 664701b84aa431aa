"""Invoices in any state, written directly, for pages and tables that only show them."""

from __future__ import annotations

from datetime import datetime, timedelta

from tradepost.market.base.config import config
from tradepost.market.identity.models import User
from tradepost.market.invoices.invoice_files import InvoiceFile, folder
from tradepost.market.invoices.models import (
    LIVE,
    TITLE_FIELDS,
    ExplanationLetter,
    Invoice,
    InvoiceItem,
    InvoiceTitle,
    IssuedInvoice,
)
from tradepost.market.orders.models import Order, OrderLine

from .people import NOW

INVOICE_PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
TAX_NUMBER = "91440300708461136T"
"""A valid number; money.md §7 computed it."""


def make_invoice_title(buyer: User, *, name: str = "蓝天科技有限公司", now: datetime = NOW) -> InvoiceTitle:
    return InvoiceTitle.objects.create(buyer=buyer, kind="company", name=name, tax_number=TAX_NUMBER, created_at=now)


def make_invoice(order: Order, *, status: str = "review", now: datetime = NOW, **fields: object) -> Invoice:
    """Return an invoice over a whole order. An issued one has a file."""
    line = OrderLine.objects.select_related("seller").get(order=order)
    title = InvoiceTitle.objects.filter(buyer=order.buyer).first() or make_invoice_title(order.buyer)
    waits = status in {"review", "to_issue"}
    columns = {
        "number": f"FP{now:%y%m%d}{line.pk:08d}", "invoice_type": "general_digital", "amount_minor": line.amount_minor,
        "currency": order.currency, "receiver_email": "finance@x-company.example", "receiver_phone": "+8613800138000",
        "applied_at": now, "due_at": now + timedelta(days=7) if waits else None, "ended_at": None if waits else now,
        **{name: getattr(title, name) for name in TITLE_FIELDS},
    } | fields  # fmt: skip
    made = Invoice.objects.create(buyer=order.buyer, seller=line.seller, status=status, **columns)
    live = status in LIVE
    InvoiceItem.objects.create(
        invoice=made, source=f"line:{line.number}", line=line, minor=line.amount_minor, live=live
    )
    OrderLine.objects.filter(pk=line.pk).update(invoiced_minor=line.amount_minor if live else 0)
    if status == "done":
        sha256 = InvoiceFile("pdf", "dzfp.pdf", INVOICE_PDF).keep(folder(config().files))
        IssuedInvoice.objects.create(
            invoice=made, seller=line.seller, number=f"{line.pk:020d}", file_format="pdf", sha256=sha256,
            file_name="dzfp.pdf", file_bytes=len(INVOICE_PDF), issued_at=now, issued_by="owner@a.example",
        )  # fmt: skip
    return made


def make_letter(invoice: Invoice, *, now: datetime = NOW) -> ExplanationLetter:
    """Return a letter about an issued invoice, kept beyond the time of every page."""
    issued = IssuedInvoice.objects.get(invoice=invoice)
    return ExplanationLetter.objects.create(
        issued=issued, number=f"SM{now:%y%m%d}{issued.pk:08d}", code=f"L{issued.pk:023d}", made_at=now,
        until=now + timedelta(days=36_500),
    )  # fmt: skip
