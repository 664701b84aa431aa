"""End an invoice and release its items: reject, cancel, or return with a red letter (business-rules §6.2)."""

from __future__ import annotations

import re
from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import User
from tradepost.market.orders.models import Order, OrderLine

from . import usage_items
from .events import InvoiceRejected, InvoiceReturned
from .lifecycle import INVOICE, InvoiceEvent
from .models import Invoice, InvoiceItem, InvoiceType, IssuedInvoice

MAX_LENGTH = 500
_RED_LETTER = re.compile(r"[0-9A-Za-z-]{4,40}")


def reject(invoice: Invoice, reason: str, *, by: User, now: datetime) -> None:
    """Reject the application with a reason; the buyer may apply again. Raises ``Refused``."""
    reason_text = checked_text(
        reason, "reason", _("Enter the reason. The buyer reads it and can correct the application.")
    )
    with transaction.atomic():
        current_invoice = release_items(invoice, now=now)
        INVOICE.move_all(
            [current_invoice],
            InvoiceEvent.REJECT,
            now=now,
            actor=by.email,
            reason=reason_text,
            due_at=None,
            late=False,
            ended_at=now,
        )
        outbox.publish(InvoiceRejected(invoice=current_invoice.pk), now=now)


def return_invoice(invoice: Invoice, *, red_letter: str, reason: str, by: User, now: datetime) -> None:
    """Record the return of the invoice; its items can be invoiced again or refunded. A digital invoice needs the tax
    bureau's number of its red letter. Raises ``Refused``."""
    reason_text = checked_text(reason, "reason", _("Enter the reason. The buyer can see it."))
    number = red_letter_number(red_letter, invoice.type)
    with transaction.atomic():
        current_invoice = release_items(invoice, now=now)
        INVOICE.move_all(
            [current_invoice], InvoiceEvent.RETURN, now=now, actor=by.email, note=number, reason=reason_text, wish="", due_at=None, late=False,
            ended_at=now,
        )  # fmt: skip
        IssuedInvoice.objects.filter(invoice=current_invoice, withdrawn_at=None).update(
            withdrawn_at=now, red_letter=number
        )
        outbox.publish(InvoiceReturned(invoice=current_invoice.pk), now=now)


def release_items(invoice: Invoice, *, now: datetime) -> Invoice:
    """Release the items, locking orders, invoice and the buyer's account. The following state transition rolls this
    back if it is not allowed."""
    items = InvoiceItem.objects.filter(invoice=invoice, live=True)
    lines = list(items.filter(line__isnull=False).values_list("line_id", flat=True))
    orders = OrderLine.objects.filter(pk__in=lines).values("order_id")
    list(Order.objects.select_for_update(of=("self",)).filter(pk__in=orders).order_by("pk"))
    current_invoice = locked(invoice)
    if current_invoice.live:
        OrderLine.objects.filter(pk__in=lines).update(invoiced_minor=0)
        usage_items.release(current_invoice, now=now)
        items.update(live=False)
    return current_invoice


def locked(invoice: Invoice) -> Invoice:
    return Invoice.objects.select_for_update(of=("self",)).select_related("buyer", "seller").get(pk=invoice.pk)


def red_letter_number(text: str, kind: InvoiceType) -> str:
    """Return the checked number. Raises ``Refused`` if it is missing or invalid."""
    text = text.strip()
    if not text and not kind.digital:
        return ""
    if not _RED_LETTER.fullmatch(text):
        raise Refused(
            "invoice.red_letter",
            _("Enter the red-letter confirmation number from the tax bureau: letters and digits, at most 40."),
            HTTPStatus.UNPROCESSABLE_ENTITY,
            field="red_letter",
        )
    return text


def checked_text(text: str, field: str, missing: str) -> str:
    text = text.strip()
    if not text or len(text) > MAX_LENGTH:
        words = missing if not text else _("At most %(most)s characters.") % {"most": MAX_LENGTH}
        raise Refused(f"invoice.{field}", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)
    return text
