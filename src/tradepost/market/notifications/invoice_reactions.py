"""Send notices about invoices to the buyer, the receiver on the application and the seller; to operators if one is overdue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext_noop

from tradepost.market.base.events import on
from tradepost.market.base.money import Money
from tradepost.market.billing.events import CreditWaits
from tradepost.market.billing.models import Charge
from tradepost.market.billing.usage_months import month_of_charge
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
from tradepost.market.invoices.models import Invoice, IssuedInvoice
from tradepost.market.invoices.queries import item_over
from tradepost.market.invoices.usage_items import refund_on_return

from . import facts as f
from .invoice_messages import OVER_A_FEE
from .reactions import operators, people_of, seller_names
from .tell import Telling, tell_all

WISHES = {
    Invoice.Wish.CORRECT: gettext_noop("to correct it"),
    Invoice.Wish.RETURN: gettext_noop("to take it back"),
}


def on_invoice_requested(event: InvoiceRequested, now: datetime) -> None:
    invoice = _invoice(event.invoice)
    told = {"title": invoice.name}
    own = _to_operators(invoice, "operator_invoice_asked", told) if invoice.seller.self_operated else []
    tell_all([*_to_seller(invoice, "seller_invoice_asked", told), *own], now=now)


def on_invoice_withdrawn(event: InvoiceWithdrawn, now: datetime) -> None:
    tell_all(_to_seller(_invoice(event.invoice), "seller_invoice_withdrawn", {}), now=now)


def on_invoice_rejected(event: InvoiceRejected, now: datetime) -> None:
    invoice = _invoice(event.invoice)
    tell_all(_to_buyer(invoice, "invoice_rejected", {"reason": invoice.reason}), now=now)


def on_invoice_issued(event: InvoiceIssued, now: datetime) -> None:
    invoice, issued = _invoice(event.invoice), IssuedInvoice.objects.get(pk=event.issued)
    if invoice.type.on_paper:
        kind = "invoice_corrected_sent" if event.corrected else "invoice_sent"
    else:
        kind = "invoice_corrected" if event.corrected else "invoice_ready"
    more: dict[str, f.Json | str | int] = {
        "issued": issued.pk, "invoice_number": issued.number, "title": invoice.name, "carrier": issued.carrier,
        "parcel": issued.parcel,
    }  # fmt: skip
    tell_all(_to_buyer(invoice, kind, more, occasion=str(issued.pk), delivered=True), now=now)


def on_invoice_returned(event: InvoiceReturned, now: datetime) -> None:
    invoice = _invoice(event.invoice)
    tell_all(_to_buyer(invoice, "invoice_returned", {"reason": invoice.reason}, delivered=True), now=now)


def on_invoice_wished(event: InvoiceWished, now: datetime) -> None:
    invoice = _invoice(event.invoice)
    if not invoice.wish:
        return
    more: dict[str, f.Json | str] = {
        "wish": f.phrase(WISHES[Invoice.Wish(invoice.wish)]),
        "reason": invoice.wish_reason,
    }
    own = (
        _to_operators(invoice, "operator_invoice_wished", more, occasion=event.occasion)
        if invoice.seller.self_operated
        else []
    )
    tell_all([*_to_seller(invoice, "seller_invoice_wished", more, occasion=event.occasion), *own], now=now)


def on_invoice_wish_declined(event: InvoiceWishDeclined, now: datetime) -> None:
    invoice = _invoice(event.invoice)
    tell_all(_to_buyer(invoice, "invoice_wish_declined", {"reason": invoice.reason}, occasion=event.occasion), now=now)


def on_invoice_due_soon(event: InvoiceDueSoon, now: datetime) -> None:
    invoice = _invoice(event.invoice)
    if invoice.due_at is not None:
        tell_all(_to_seller(invoice, "seller_invoice_due", {}, occasion=event.occasion), now=now)


def on_invoice_overdue(event: InvoiceOverdue, now: datetime) -> None:
    """All three hear of it; whoever acted meanwhile ended that."""
    invoice = _invoice(event.invoice)
    if invoice.due_at is None:
        return
    to_operators = _to_operators(invoice, "operator_invoice_late", {}, occasion=event.occasion)
    late = _to_buyer(invoice, "invoice_late", {}, occasion=event.occasion)
    tell_all([*late, *_to_seller(invoice, "seller_invoice_late", {}, occasion=event.occasion), *to_operators], now=now)


def on_credit_waits(event: CreditWaits, now: datetime) -> None:
    """Both parties, unless the invoice was returned meanwhile."""
    less = Charge.objects.select_related("accumulation", "subscription__product").get(pk=event.charge)
    month = month_of_charge(less)
    item = item_over(month) if month is not None and less.waiting_minor else None
    if item is None or month is None:
        return
    invoice, product = item.invoice, less.subscription.product
    refund = Money(refund_on_return(item, month, less.waiting_minor), less.currency)
    more: dict[str, f.Json | str] = {
        "amount": f.money(refund), "product": f.names(product.name, product.name_en), "month": f"{month.month:%Y-%m}",
    }  # fmt: skip
    occasion = str(less.pk)
    to_seller = _to_seller(invoice, "seller_credit_waits", more, occasion=occasion)
    tell_all([*_to_buyer(invoice, "credit_waits", more, occasion=occasion), *to_seller], now=now)


def _to_buyer(
    invoice: Invoice, kind: str, more: Mapping[str, f.Json | str | int], *, occasion: str = "", delivered: bool = False
) -> list[Telling]:
    """``delivered``: also to the mail address and the telephone that the application names. Over a fee the people of the seller
    are told that paid it."""
    facts = {**_shared(invoice), **more}
    once = f"{invoice.pk}/{occasion}" if occasion else f"{invoice.pk}"
    contact, phone = (invoice.receiver_email, invoice.receiver_phone) if delivered else ("", "")
    if invoice.payer is None:
        link = reverse("storefront:invoice", args=[invoice.pk])
        return [Telling(user=invoice.buyer, kind=kind, facts=facts, once=once, link=link, contact=contact, phone=phone)]
    link = reverse("seller_center:fee_invoice", args=[invoice.pk])
    return [
        Telling(
            user=user, kind=OVER_A_FEE[kind], facts=facts, once=once, link=link, contact=contact if n == 0 else "",
            phone=phone if n == 0 else "", seller=invoice.payer_id,
        )
        for n, (user, _contact) in enumerate(people_of(invoice.payer))
    ]  # fmt: skip


def _to_operators(
    invoice: Invoice, kind: str, more: Mapping[str, f.Json | str], *, occasion: str = ""
) -> list[Telling]:
    link = reverse("console:invoice", args=[invoice.pk])
    once = f"{invoice.pk}/{occasion}" if occasion else f"{invoice.pk}"
    facts = {**_shared(invoice), **more}
    return [Telling(user=user, kind=kind, facts=facts, once=once, link=link) for user in operators()]


def _to_seller(invoice: Invoice, kind: str, more: Mapping[str, f.Json | str], *, occasion: str = "") -> list[Telling]:
    return [
        Telling(
            user=user,
            kind=kind,
            facts={**_shared(invoice), **more},
            once=f"{invoice.pk}/{occasion}" if occasion else f"{invoice.pk}",
            link=reverse("seller_center:invoice", args=[invoice.pk]),
            contact=contact,
            seller=invoice.seller_id,
        )
        for user, contact in people_of(invoice.seller)
    ]


def _shared(invoice: Invoice) -> dict[str, f.Json | str]:
    due = {"due": f.moment(invoice.due_at)} if invoice.due_at is not None else {"due": "–"}
    return {
        "seller": seller_names(invoice.seller),
        "amount": f.money(invoice.amount),
        "application": invoice.number,
        **due,
    }


def _invoice(pk: int) -> Invoice:
    return Invoice.objects.select_related("buyer", "seller", "payer").get(pk=pk)


REACTIONS = (
    on(InvoiceRequested, on_invoice_requested),
    on(InvoiceWithdrawn, on_invoice_withdrawn),
    on(InvoiceRejected, on_invoice_rejected),
    on(InvoiceIssued, on_invoice_issued),
    on(InvoiceReturned, on_invoice_returned),
    on(InvoiceWished, on_invoice_wished),
    on(InvoiceWishDeclined, on_invoice_wish_declined),
    on(InvoiceDueSoon, on_invoice_due_soon),
    on(InvoiceOverdue, on_invoice_overdue),
    on(CreditWaits, on_credit_waits),
)
"""A part of ``wiring``'s table."""
