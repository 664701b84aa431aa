"""Issue invoices as a seller: approve, issue as file or parcel, correct, or decline a buyer's request (business-rules
§6.2)."""

from __future__ import annotations

import re
from datetime import datetime
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.assets import file_scans
from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.files import Files, sha256_of
from tradepost.market.base.lifecycle import record_move
from tradepost.market.identity.models import User

from .deadlines import IssueDeadline, start_deadline
from .events import InvoiceIssued, InvoiceWishDeclined, InvoiceWished
from .invoice_files import InvoiceFile
from .lifecycle import INVOICE, InvoiceEvent
from .models import Invoice, IssuedInvoice
from .take_back import checked_text, locked, red_letter_number

_NUMBER = re.compile(r"[0-9]{8,20}")
"""8 digits on paper, 20 for digital invoices; 18 or 20 with the code in front."""
_PARCEL = re.compile(r"[0-9A-Za-z-]{6,40}")
REQUEST_HISTORY = "invoice wish"
"""Name of a buyer's requests and their results in the history of an invoice."""


class IssueData(Struct, frozen=True, kw_only=True):
    """Invoice data from a seller. ``file``: electronic invoice, to be stored in ``files``; ``carrier`` and ``parcel``:
    paper invoice."""

    by: User
    number: str
    files: Files
    file: InvoiceFile | None = None
    carrier: str = ""
    parcel: str = ""


def approve(invoice: Invoice, *, by: User, now: datetime) -> None:
    """Approve the application. Raises ``IllegalTransition``."""
    with transaction.atomic():
        INVOICE.move_all([locked(invoice)], InvoiceEvent.APPROVE, now=now, actor=by.email)


def issue(invoice: Invoice, data: IssueData, *, now: datetime) -> IssuedInvoice:
    """Issue the invoice. Raises ``Refused`` and then changes nothing."""
    with transaction.atomic():
        current_invoice = locked(invoice)
        INVOICE.after(current_invoice.status, InvoiceEvent.ISSUE)
        issued_invoice = _store(current_invoice, data, now)
        INVOICE.move_all(
            [current_invoice],
            InvoiceEvent.ISSUE,
            now=now,
            actor=data.by.email,
            note=issued_invoice.number,
            due_at=None,
            late=False,
            ended_at=now,
        )
        outbox.publish(InvoiceIssued(invoice=current_invoice.pk, issued=issued_invoice.pk), now=now)
    return issued_invoice


def correct(invoice: Invoice, data: IssueData, *, red_letter: str = "", now: datetime) -> IssuedInvoice:
    """Replace the issued invoice. The earlier one is cancelled by a red letter, whose number a digital invoice
    requires. Raises ``Refused``."""
    number = red_letter_number(red_letter, invoice.type)
    with transaction.atomic():
        current_invoice = locked(invoice)
        INVOICE.after(current_invoice.status, InvoiceEvent.CORRECT)
        IssuedInvoice.objects.filter(invoice=current_invoice, withdrawn_at=None).update(
            withdrawn_at=now, red_letter=number
        )
        issued_invoice = _store(current_invoice, data, now)
        INVOICE.move_all(
            [current_invoice], InvoiceEvent.CORRECT, now=now, actor=data.by.email, note=issued_invoice.number, wish="", due_at=None, late=False,
            ended_at=now,
        )  # fmt: skip
        outbox.publish(InvoiceIssued(invoice=current_invoice.pk, issued=issued_invoice.pk, corrected=True), now=now)
    return issued_invoice


def check(invoice: Invoice, data: IssueData) -> None:
    """Check that the invoice can be issued with this data, without changes. Raises ``Refused``."""
    if not invoice.open:
        INVOICE.after(invoice.status, InvoiceEvent.ISSUE)
    _checked_row(invoice, data)
    if IssuedInvoice.objects.filter(seller_id=invoice.seller_id, number=data.number.strip()).exists():
        raise _number_used()


def _checked_row(invoice: Invoice, data: IssueData) -> IssuedInvoice:
    """Return the unsaved row. Raises ``Refused`` with the field."""
    number = data.number.strip()
    if not _NUMBER.fullmatch(number):
        raise _invalid("number", _("Enter the invoice number as shown on the invoice: 8 to 20 digits."))
    issued_invoice = IssuedInvoice(invoice=invoice, seller_id=invoice.seller_id, number=number, issued_by=data.by.email)
    if invoice.type.on_paper:
        issued_invoice.carrier, issued_invoice.parcel = _parcel(data)
    elif data.file is None:
        raise _invalid("file", _("Choose the invoice file."))
    else:
        issued_invoice.file_format, issued_invoice.sha256 = data.file.file_format, sha256_of(data.file.content)
        issued_invoice.file_name, issued_invoice.file_bytes = data.file.name, len(data.file.content)
    return issued_invoice


def _store(invoice: Invoice, data: IssueData, now: datetime) -> IssuedInvoice:
    issued_invoice = _checked_row(invoice, data)
    issued_invoice.issued_at = now
    try:
        with transaction.atomic():
            issued_invoice.save(force_insert=True)
    except IntegrityError:
        raise _number_used() from None
    if data.file is not None and issued_invoice.sha256:
        data.file.keep(data.files)
        file_scans.begin(issued_invoice.sha256, issued_invoice.file_bytes, store=file_scans.INVOICES, now=now)
    return issued_invoice


def _number_used() -> Refused:
    return _invalid("number", _("You have already issued an invoice with this number."))


def _parcel(data: IssueData) -> tuple[str, str]:
    carrier, parcel = " ".join(data.carrier.split()), data.parcel.strip()
    if not 2 <= len(carrier) <= 60:
        raise _invalid("carrier", _("Enter the carrier."))
    if not _PARCEL.fullmatch(parcel):
        raise _invalid("parcel", _("Enter the carrier's tracking number: 6 to 40 letters and digits."))
    return carrier, parcel


def _invalid(field: str, words: str) -> Refused:
    return Refused(f"invoice.{field}", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)


def request_change(invoice: Invoice, wish: str, reason: str, *, patience: IssueDeadline, now: datetime) -> None:
    """Request a correction or return; the seller has as much time as for the invoice. Raises ``Refused``."""
    if wish not in Invoice.Wish.values:
        raise _invalid("wish", _("Choose your request."))
    reason_text = checked_text(
        reason, "wish_reason", _("Enter the reason. The seller uses it to process your request.")
    )
    with transaction.atomic():
        current_invoice = locked(invoice)
        if current_invoice.status != Invoice.Status.DONE:
            raise Refused("invoice.not_issued", _("Only an issued invoice can be corrected or returned."))
        if current_invoice.wish:
            raise Refused("invoice.wished", _("You have already made this request. Wait for the seller's answer."))
        current_invoice.wish, current_invoice.wish_reason, current_invoice.wished_at, current_invoice.reason = (
            wish,
            reason_text,
            now,
            "",
        )
        current_invoice.save(update_fields=["wish", "wish_reason", "wished_at", "reason"])
        record_move(current_invoice, REQUEST_HISTORY, wish, now=now, actor=current_invoice.buyer.email)
        start_deadline(current_invoice, patience=patience, now=now)
        outbox.publish(InvoiceWished(invoice=current_invoice.pk, occasion=_occasion(current_invoice)), now=now)


def decline(invoice: Invoice, reason: str, *, by: User, now: datetime) -> None:
    """Decline the buyer's request with a reason; the invoice remains unchanged. Raises ``Refused``."""
    reason_text = checked_text(reason, "reason", _("Enter the reason. The buyer can see it."))
    with transaction.atomic():
        current_invoice = locked(invoice)
        if not current_invoice.wish:
            raise Refused("invoice.nothing_wished", _("There is no pending request."))
        occasion = _occasion(current_invoice)
        current_invoice.wish, current_invoice.reason, current_invoice.due_at, current_invoice.late = (
            "",
            reason_text,
            None,
            False,
        )
        current_invoice.save(update_fields=["wish", "reason", "due_at", "late"])
        record_move(current_invoice, REQUEST_HISTORY, "decline", now=now, actor=by.email)
        outbox.publish(InvoiceWishDeclined(invoice=current_invoice.pk, occasion=occasion), now=now)


def _occasion(invoice: Invoice) -> str:
    return f"{invoice.wished_at:%Y%m%d%H%M%S}"
