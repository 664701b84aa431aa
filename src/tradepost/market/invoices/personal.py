"""Invoices at the erasure of an account: they are kept as required by law; saved titles are deleted."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from tradepost.market.base.personal import Exported, Hold, Personal, StoredFiles

from . import invoice_files
from .models import ExplanationLetter, Invoice, InvoiceItem, InvoiceTitle, IssuedInvoice


def _holds(user: int) -> Iterator[Hold]:
    waiting_statuses = [Invoice.Status.REVIEW, Invoice.Status.TO_ISSUE]
    if number := Invoice.objects.filter(buyer=user, status__in=waiting_statuses).count():
        yield Hold(code="invoices", number=number)


EXPORTED = (
    Exported(
        name="invoice_titles", title=_("Invoice titles"), model=InvoiceTitle, whose="buyer",
        columns="kind name tax_number company_address company_phone bank bank_account created_at",
    ),
    Exported(
        name="invoices", title=_("Invoices"), model=Invoice, whose="buyer",
        columns=(
            "number status seller__name invoice_type kind name tax_number company_address company_phone bank "
            "bank_account amount_minor currency receiver_email receiver_name receiver_phone receiver_address "
            "remark applied_at reason wish wish_reason wished_at ended_at"
        ),
    ),
    Exported(
        name="invoice_items", title=_("Invoice items"), model=InvoiceItem, whose="invoice__buyer",
        columns="invoice__number line__number usage__month minor invoice__currency", currency="invoice__currency",
    ),
    Exported(
        name="issued_invoices", title=_("Issued invoices"), model=IssuedInvoice, whose="invoice__buyer",
        columns="invoice__number number file_format carrier parcel issued_at red_letter withdrawn_at",
        files=StoredFiles(folder=invoice_files.folder, name="file_name"),
    ),
    Exported(
        name="invoice_letters", title=_("Invoice explanation letters"), model=ExplanationLetter, whose="issued__invoice__buyer",
        columns="number issued__number made_at until",
    ),
)  # fmt: skip

PERSONAL = Personal(
    holds=_holds,
    kept={
        "invoices.Invoice": "invoices",
        "invoices.InvoiceItem": "invoices",
        "invoices.IssuedInvoice": "invoices",
        "invoices.ExplanationLetter": "invoices",
    },
    exported=EXPORTED,
)
