"""An invoice ends, and what stood on it is free again: refused, cancelled, or taken back with a red letter (business-rules §6.2)."""

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

LONGEST = 500
_RED_LETTER = re.compile(r"[0-9A-Za-z-]{4,40}")


def reject(invoice: Invoice, reason: str, *, by: User, now: datetime) -> None:
    """Its seller does not issue it, and says why; the buyer may apply anew. Raises ``Refused``."""
    why = said(reason, "reason", _("Say why: the buyer reads it, and can mend it."))
    with transaction.atomic():
        standing = set_free(invoice, now=now)
        INVOICE.move_all(
            [standing], InvoiceEvent.REJECT, now=now, actor=by.email, reason=why, due_at=None, late=False, ended_at=now
        )
        outbox.publish(InvoiceRejected(invoice=standing.pk), now=now)


def take_back(invoice: Invoice, *, red_letter: str, reason: str, by: User, now: datetime) -> None:
    """Its seller took it back: what stood on it can be invoiced anew, or paid back. A digital invoice has the number under which
    the tax bureau confirmed its red letter. Raises ``Refused``."""
    why = said(reason, "reason", _("Say why: the buyer reads it."))
    number = red_letter_number(red_letter, invoice.type)
    with transaction.atomic():
        standing = set_free(invoice, now=now)
        INVOICE.move_all(
            [standing], InvoiceEvent.RETURN, now=now, actor=by.email, note=number, reason=why, wish="", due_at=None, late=False,
            ended_at=now,
        )  # fmt: skip
        IssuedInvoice.objects.filter(invoice=standing, withdrawn_at=None).update(withdrawn_at=now, red_letter=number)
        outbox.publish(InvoiceReturned(invoice=standing.pk), now=now)


def set_free(invoice: Invoice, *, now: datetime) -> Invoice:
    """Nothing stands on it any more, locked as everywhere: the orders, the invoice, the buyer's account. The move that follows says
    whether it may end; a move that may not takes all of this back."""
    items = InvoiceItem.objects.filter(invoice=invoice, live=True)
    lines = list(items.filter(line__isnull=False).values_list("line_id", flat=True))
    orders = OrderLine.objects.filter(pk__in=lines).values("order_id")
    list(Order.objects.select_for_update(of=("self",)).filter(pk__in=orders).order_by("pk"))
    standing = locked(invoice)
    if standing.live:
        OrderLine.objects.filter(pk__in=lines).update(invoiced_minor=0)
        usage_items.release(standing, now=now)
        items.update(live=False)
    return standing


def locked(invoice: Invoice) -> Invoice:
    return Invoice.objects.select_for_update(of=("self",)).select_related("buyer", "seller").get(pk=invoice.pk)


def red_letter_number(text: str, kind: InvoiceType) -> str:
    """Raises ``Refused`` where it is missing or is none."""
    text = text.strip()
    if not text and not kind.digital:
        return ""
    if not _RED_LETTER.fullmatch(text):
        raise Refused(
            "invoice.red_letter",
            _("Give the number under which the tax bureau confirmed the red letter: letters and digits, at most 40."),
            HTTPStatus.UNPROCESSABLE_ENTITY,
            field="red_letter",
        )
    return text


def said(text: str, field: str, missing: str) -> str:
    text = text.strip()
    if not text or len(text) > LONGEST:
        words = missing if not text else _("At most %(most)s characters.") % {"most": LONGEST}
        raise Refused(f"invoice.{field}", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)
    return text
