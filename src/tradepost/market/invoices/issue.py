"""What a seller does with an invoice: approve it, issue it as a file or a parcel, correct it, decline a wish (business-rules §6.2)."""

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
from tradepost.market.base.lifecycle import moved
from tradepost.market.identity.models import User

from .events import InvoiceIssued, InvoiceWishDeclined, InvoiceWished
from .invoice_files import InvoiceFile
from .lifecycle import INVOICE, InvoiceEvent
from .models import Invoice, IssuedInvoice
from .patience import Patience, wait
from .take_back import locked, red_letter_number, said

_NUMBER = re.compile(r"[0-9]{8,20}")
"""8 digits of a paper invoice, 20 of a digital one; with the code before it 18 or 20."""
_PARCEL = re.compile(r"[0-9A-Za-z-]{6,40}")
WISHES = "invoice wish"
"""Under which a wish and what became of it stand in an invoice's history."""


class Issue(Struct, frozen=True, kw_only=True):
    """What a seller issued. ``file``: of one that is no paper, to be kept in ``files``; ``carrier`` and ``parcel``: of paper."""

    by: User
    number: str
    files: Files
    file: InvoiceFile | None = None
    carrier: str = ""
    parcel: str = ""


def approve(invoice: Invoice, *, by: User, now: datetime) -> None:
    """Its seller will issue it. Raises ``IllegalTransition``."""
    with transaction.atomic():
        INVOICE.move_all([locked(invoice)], InvoiceEvent.APPROVE, now=now, actor=by.email)


def issue(invoice: Invoice, what: Issue, *, now: datetime) -> IssuedInvoice:
    """It is there. Raises ``Refused``, and nothing was changed then."""
    with transaction.atomic():
        standing = locked(invoice)
        INVOICE.after(standing.status, InvoiceEvent.ISSUE)
        made = _keep(standing, what, now)
        INVOICE.move_all(
            [standing],
            InvoiceEvent.ISSUE,
            now=now,
            actor=what.by.email,
            note=made.number,
            due_at=None,
            late=False,
            ended_at=now,
        )
        outbox.publish(InvoiceIssued(invoice=standing.pk, issued=made.pk), now=now)
    return made


def correct(invoice: Invoice, what: Issue, *, red_letter: str = "", now: datetime) -> IssuedInvoice:
    """Another one in its place; the earlier is taken back by a red letter, whose number a digital one needs. Raises ``Refused``."""
    number = red_letter_number(red_letter, invoice.type)
    with transaction.atomic():
        standing = locked(invoice)
        INVOICE.after(standing.status, InvoiceEvent.CORRECT)
        IssuedInvoice.objects.filter(invoice=standing, withdrawn_at=None).update(withdrawn_at=now, red_letter=number)
        made = _keep(standing, what, now)
        INVOICE.move_all(
            [standing], InvoiceEvent.CORRECT, now=now, actor=what.by.email, note=made.number, wish="", due_at=None, late=False,
            ended_at=now,
        )  # fmt: skip
        outbox.publish(InvoiceIssued(invoice=standing.pk, issued=made.pk, corrected=True), now=now)
    return made


def check(invoice: Invoice, what: Issue) -> None:
    """Whether it could be issued so, or as soon as it is accepted. Raises ``Refused``; changes nothing."""
    if not invoice.open:
        INVOICE.after(invoice.status, InvoiceEvent.ISSUE)
    _looked_at(invoice, what)
    if IssuedInvoice.objects.filter(seller_id=invoice.seller_id, number=what.number.strip()).exists():
        raise _number_used()


def _looked_at(invoice: Invoice, what: Issue) -> IssuedInvoice:
    """The row that it would be. Raises ``Refused``, which names the field."""
    number = what.number.strip()
    if not _NUMBER.fullmatch(number):
        raise _wrong("number", _("Give the number of the invoice as it stands on it: 8 to 20 digits."))
    made = IssuedInvoice(invoice=invoice, seller_id=invoice.seller_id, number=number, issued_by=what.by.email)
    if invoice.type.on_paper:
        made.carrier, made.parcel = _parcel(what)
    elif what.file is None:
        raise _wrong("file", _("Choose the file of the invoice."))
    else:
        made.file_format, made.sha256 = what.file.file_format, sha256_of(what.file.content)
        made.file_name, made.file_bytes = what.file.name, len(what.file.content)
    return made


def _keep(invoice: Invoice, what: Issue, now: datetime) -> IssuedInvoice:
    made = _looked_at(invoice, what)
    made.issued_at = now
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        raise _number_used() from None
    if what.file is not None and made.sha256:
        what.file.keep(what.files)
        file_scans.begin(made.sha256, made.file_bytes, store=file_scans.INVOICES, now=now)
    return made


def _number_used() -> Refused:
    return _wrong("number", _("You issued an invoice with this number already."))


def _parcel(what: Issue) -> tuple[str, str]:
    carrier, parcel = " ".join(what.carrier.split()), what.parcel.strip()
    if not 2 <= len(carrier) <= 60:
        raise _wrong("carrier", _("Say who carries it."))
    if not _PARCEL.fullmatch(parcel):
        raise _wrong("parcel", _("Give the carrier's number of the parcel: 6 to 40 letters and digits."))
    return carrier, parcel


def _wrong(field: str, words: str) -> Refused:
    return Refused(f"invoice.{field}", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)


def ask_for(invoice: Invoice, wish: str, reason: str, *, patience: Patience, now: datetime) -> None:
    """Its buyer asks its seller to correct it, or to take it back; the seller has as long as for the invoice itself. Raises
    ``Refused``."""
    if wish not in Invoice.Wish.values:
        raise _wrong("wish", _("Choose what you ask for."))
    why = said(reason, "wish_reason", _("Say why: the seller acts by it."))
    with transaction.atomic():
        standing = locked(invoice)
        if standing.status != Invoice.Status.DONE:
            raise Refused("invoice.not_issued", _("Only an invoice that is issued can be corrected or taken back."))
        if standing.wish:
            raise Refused("invoice.wished", _("You have asked for this already, and the seller has not answered yet."))
        standing.wish, standing.wish_reason, standing.wished_at, standing.reason = wish, why, now, ""
        standing.save(update_fields=["wish", "wish_reason", "wished_at", "reason"])
        moved(standing, WISHES, wish, now=now, actor=standing.buyer.email)
        wait(standing, patience=patience, now=now)
        outbox.publish(InvoiceWished(invoice=standing.pk, occasion=_occasion(standing)), now=now)


def decline(invoice: Invoice, reason: str, *, by: User, now: datetime) -> None:
    """Its seller does not do what the buyer asks for, and says why: the invoice stands as it is. Raises ``Refused``."""
    why = said(reason, "reason", _("Say why: the buyer reads it."))
    with transaction.atomic():
        standing = locked(invoice)
        if not standing.wish:
            raise Refused("invoice.nothing_wished", _("Nothing is asked for any more."))
        occasion = _occasion(standing)
        standing.wish, standing.reason, standing.due_at, standing.late = "", why, None, False
        standing.save(update_fields=["wish", "reason", "due_at", "late"])
        moved(standing, WISHES, "decline", now=now, actor=by.email)
        outbox.publish(InvoiceWishDeclined(invoice=standing.pk, occasion=occasion), now=now)


def _occasion(invoice: Invoice) -> str:
    return f"{invoice.wished_at:%Y%m%d%H%M%S}"
