"""Notices about invoices, also invoices for the market's fee (business-rules §6.2, §6.5, §7.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop
from msgspec import Struct

from tradepost.market.identity.models import Seller
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
from tradepost.market.notifications import facts as f
from tradepost.market.notifications.categories import Audience, Category, NoticePolicy
from tradepost.market.notifications.notice_parts import NoticeTemplate
from tradepost.market.notifications.subject import Draft, Facts, Operators, People, SellersPeople, Subject
from tradepost.market.notifications.telling import AddressedNotice

ISSUED_INVOICE = NoticePolicy(category=Category.FINANCE, to=Audience.BUYER, mandatory=True, sms=True)
"""§6.2: the buyer is told by SMS and mail."""
INVOICE_PROGRESS = NoticePolicy(category=Category.FINANCE, to=Audience.BUYER)
INVOICE_APPLICATION = NoticePolicy(category=Category.OTHER, to=Audience.SELLER)
"""§7.1: general invoice requested → seller, other (901)."""
FOR_OPERATORS = NoticePolicy(category=Category.FINANCE, to=Audience.OPERATOR, act="invoice_issue")
TO_REVIEW = NoticePolicy(category=Category.FINANCE, to=Audience.OPERATOR, act="invoice_review")

FEE_INVOICE = NoticePolicy(category=Category.FINANCE, to=Audience.SELLER)
"""§6.5: over the market's fee."""

WITH_FILE = frozenset({"invoice_ready", "invoice_corrected", "fee_invoice_ready"})
"""Kinds whose mail brings the file of the invoice."""
FEE_KINDS: Mapping[str, str] = {
    "invoice_ready": "fee_invoice_ready",
    "invoice_corrected": "fee_invoice_ready",
    "invoice_sent": "fee_invoice_sent",
    "invoice_corrected_sent": "fee_invoice_sent",
    "invoice_rejected": "fee_invoice_rejected",
    "invoice_returned": "fee_invoice_returned",
    "invoice_wish_declined": "fee_invoice_wish_declined",
    "invoice_late": "fee_invoice_late",
}
"""What a buyer is told of an invoice, and what a seller is told of one over the fee."""

INVOICE_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "invoice_ready": NoticeTemplate(
        _("Your invoice from %(seller)s is ready"),
        _(
            "Invoice %(invoice_number)s for %(amount)s, issued to %(title)s. The email includes the file; you can "
            "also download it from your invoices. Application %(application)s."),
        _("Open the invoice"), "good", "file-text", ISSUED_INVOICE,
    ),
    "invoice_corrected": NoticeTemplate(
        _("%(seller)s corrected your invoice"),
        _(
            "Invoice %(invoice_number)s for %(amount)s replaces the earlier invoice, which is no longer valid. The "
            "email includes the file. Application %(application)s."),
        _("Open the invoice"), "good", "file-text", ISSUED_INVOICE,
    ),
    "invoice_sent": NoticeTemplate(
        _("Your invoice from %(seller)s is on its way"),
        _(
            "Invoice %(invoice_number)s for %(amount)s, issued to %(title)s, was sent on paper: %(carrier)s, "
            "tracking number %(parcel)s. Application %(application)s."),
        _("Open the invoice"), "good", "file-text", ISSUED_INVOICE,
    ),
    "invoice_corrected_sent": NoticeTemplate(
        _("%(seller)s corrected your invoice"),
        _(
            "Invoice %(invoice_number)s for %(amount)s replaces the earlier invoice, which is no longer valid. It "
            "was sent on paper: %(carrier)s, tracking number %(parcel)s. Application %(application)s."),
        _("Open the invoice"), "good", "file-text", ISSUED_INVOICE,
    ),
    "invoice_rejected": NoticeTemplate(
        _("%(seller)s did not accept your application for an invoice"),
        _("Amount: %(amount)s. Reason: %(reason)s Correct it and submit it again. Application %(application)s."),
        _("See why"), "warning", "ban", INVOICE_PROGRESS,
    ),
    "invoice_returned": NoticeTemplate(
        _("%(seller)s returned your invoice"),
        _("The invoice for %(amount)s is no longer valid. Reason: %(reason)s The charges on it can be invoiced again or refunded. Application %(application)s."),
        _("Open the invoice"), "warning", "arrow-back-up", ISSUED_INVOICE,
    ),
    "invoice_wish_declined": NoticeTemplate(
        _("%(seller)s did not change your invoice"),
        _("Amount: %(amount)s. Reason: %(reason)s Application %(application)s."),
        _("Open the invoice"), "warning", "ban", INVOICE_PROGRESS,
    ),
    "invoice_late": NoticeTemplate(
        _("%(seller)s is late with your invoice"),
        _(
            "The invoice for %(amount)s was due on %(due)s. Contact the seller; the invoice page shows the contact "
            "details. The operator has been notified. Application %(application)s."),
        _("Open the invoice"), "warning", "clock", INVOICE_PROGRESS,
    ),
    "credit_waits": NoticeTemplate(
        _("%(amount)s will be refunded after an invoice is returned"),
        _("The charges for %(product)s in %(month)s were reduced after the invoice. Ask %(seller)s to return it; the refund follows "
          "automatically. Application %(application)s."),
        _("Open the invoice"), "warning", "arrow-back-up", ISSUED_INVOICE,
    ),
    "seller_credit_waits": NoticeTemplate(
        _("Return an invoice to refund %(amount)s"),
        _("The charges for %(product)s in %(month)s were reduced after you invoiced them. Return the invoice with a red letter; the "
          "refund to the buyer follows automatically. Application %(application)s."),
        _("Open the invoice"), "warning", "arrow-back-up", INVOICE_APPLICATION,
    ),
    "seller_invoice_asked": NoticeTemplate(
        _("A buyer applied for an invoice for %(amount)s"),
        _(
            "Bill to: %(title)s. Review the application and issue the invoice before %(due)s. Application "
            "%(application)s."),
        _("Review it"), "warning", "file-text", INVOICE_APPLICATION,
    ),
    "seller_invoice_withdrawn": NoticeTemplate(
        _("An invoice application for %(amount)s was cancelled"),
        _("The buyer cancelled the application. No action is needed. Application %(application)s."),
        _("See the application"), "info", "circle-check", INVOICE_APPLICATION,
    ),
    "seller_invoice_wished": NoticeTemplate(
        _("A buyer sent a request about an invoice for %(amount)s: %(wish)s"),
        _("Reason: %(reason)s Answer before %(due)s. Application %(application)s."),
        _("Open the invoice"), "warning", "edit", INVOICE_APPLICATION,
    ),
    "seller_invoice_due": NoticeTemplate(
        _("An invoice for %(amount)s is due on %(due)s"),
        _("The buyer is waiting. Application %(application)s."),
        _("Open the invoice"), "warning", "clock", INVOICE_APPLICATION,
    ),
    "seller_invoice_late": NoticeTemplate(
        _("An invoice for %(amount)s is overdue"),
        _("It was due on %(due)s. The buyer and the operator have been notified. Application %(application)s."),
        _("Open the invoice"), "danger", "alert-circle", INVOICE_APPLICATION,
    ),
    "operator_invoice_late": NoticeTemplate(
        _("%(seller)s missed an invoice deadline"),
        _("The invoice for %(amount)s was due on %(due)s. Contact the seller. Application %(application)s."),
        _("Open the invoice"), "warning", "clock", FOR_OPERATORS,
    ),
    "operator_invoice_asked": NoticeTemplate(
        _("The market must issue an invoice for %(amount)s"),
        _(
            "Bill to: %(title)s. Review the application and issue the invoice before %(due)s. Application "
            "%(application)s."),
        _("Review it"), "warning", "file-text", TO_REVIEW,
    ),
    "operator_invoice_wished": NoticeTemplate(
        _("A request about an invoice for %(amount)s: %(wish)s"),
        _("Reason: %(reason)s Answer before %(due)s. Application %(application)s."),
        _("Open the invoice"), "warning", "edit", FOR_OPERATORS,
    ),
    "fee_invoice_ready": NoticeTemplate(
        _("The market issued its fee invoice"),
        _(
            "Invoice %(invoice_number)s for %(amount)s, issued to %(title)s. The email includes the file; you can "
            "also download it in the seller center. Application %(application)s."),
        _("Open the invoice"), "good", "file-text", FEE_INVOICE,
    ),
    "fee_invoice_sent": NoticeTemplate(
        _("The market sent its fee invoice"),
        _(
            "Invoice %(invoice_number)s for %(amount)s, issued to %(title)s, was sent on paper: %(carrier)s, "
            "tracking number %(parcel)s. Application %(application)s."),
        _("Open the invoice"), "good", "file-text", FEE_INVOICE,
    ),
    "fee_invoice_rejected": NoticeTemplate(
        _("The market did not accept your application for a fee invoice"),
        _("Amount: %(amount)s. Reason: %(reason)s Correct it and submit it again. Application %(application)s."),
        _("See why"), "warning", "ban", FEE_INVOICE,
    ),
    "fee_invoice_returned": NoticeTemplate(
        _("The market returned its fee invoice"),
        _("The invoice for %(amount)s is no longer valid. Reason: %(reason)s You can apply for an invoice for the fee again. Application %(application)s."),
        _("Open the invoice"), "warning", "arrow-back-up", FEE_INVOICE,
    ),
    "fee_invoice_wish_declined": NoticeTemplate(
        _("The market did not change its fee invoice"),
        _("Amount: %(amount)s. Reason: %(reason)s Application %(application)s."),
        _("Open the invoice"), "warning", "ban", FEE_INVOICE,
    ),
    "fee_invoice_late": NoticeTemplate(
        _("The market's fee invoice is overdue"),
        _("The invoice for %(amount)s was due on %(due)s. Contact the operator. Application %(application)s."),
        _("Open the invoice"), "warning", "clock", FEE_INVOICE,
    ),
}  # fmt: skip  # a table is read in rows


class Recipient(Struct, frozen=True, kw_only=True):
    """The buyer; of an invoice for the fee, the people of the seller that pays it.

    ``with_receiver``: also the mail address and the phone that the application names.
    """

    with_receiver: bool = False

    def company(self, invoice: Invoice) -> Seller | None:
        return invoice.payer

    def notices(self, draft: Draft[Invoice], people: People) -> Iterable[AddressedNotice]:
        invoice, kind = draft.row, draft.kind
        contact, phone = (invoice.receiver_email, invoice.receiver_phone) if self.with_receiver else ("", "")
        if invoice.payer is None:
            yield AddressedNotice(
                user=invoice.buyer, kind=kind, facts=draft.facts, once=draft.once, contact=contact, phone=phone,
                link=reverse("storefront:invoice", args=[invoice.pk]),
            )  # fmt: skip
            return
        link = reverse("seller_center:fee_invoice", args=[invoice.pk])
        for index, (user, _contact) in enumerate(people.of(invoice.payer)):
            yield AddressedNotice(
                user=user, kind=FEE_KINDS[kind], facts=draft.facts, once=draft.once, link=link, seller=invoice.payer_id,
                contact=contact if index == 0 else "", phone=phone if index == 0 else "",
            )  # fmt: skip


def _facts(invoice: Invoice) -> Facts:
    return {
        "seller": f.seller_names(invoice.seller),
        "amount": f.money(invoice.amount),
        "application": invoice.number,
        "due": f.moment(invoice.due_at) if invoice.due_at is not None else "–",
    }


INVOICE: Subject[Invoice] = Subject(
    __name__,
    Invoice.objects.select_related("buyer", "seller", "payer"),
    key="invoice",
    facts=_facts,
    buyer=Recipient(),
    buyer_and_receiver=Recipient(with_receiver=True),
    seller=SellersPeople(page="seller_center:invoice"),
    operators=Operators(page="console:invoice"),
)
WISHES = {
    Invoice.Wish.CORRECT: gettext_noop("to correct it"),
    Invoice.Wish.RETURN: gettext_noop("to return it"),
}


def _reason(invoice: Invoice, _: object) -> Facts:
    return {"reason": invoice.reason}


def _occasion(invoice: Invoice, event: InvoiceWished | InvoiceWishDeclined | InvoiceDueSoon | InvoiceOverdue) -> str:
    return f"{invoice.pk}/{event.occasion}" if event.occasion else f"{invoice.pk}"


def _is_due(invoice: Invoice, _: object) -> bool:
    return invoice.due_at is not None  # an action since the event ends the deadline


REQUESTED = INVOICE.notice(
    InvoiceRequested,
    facts=lambda invoice, _: {"title": invoice.name},
    seller="seller_invoice_asked",
    operators=lambda invoice, _: "operator_invoice_asked" if invoice.seller.self_operated else "",
)
WITHDRAWN = INVOICE.notice(InvoiceWithdrawn, seller="seller_invoice_withdrawn")
REJECTED = INVOICE.notice(InvoiceRejected, facts=_reason, buyer="invoice_rejected")


def _issued_kind(invoice: Invoice, event: InvoiceIssued) -> str:
    if invoice.type.on_paper:
        return "invoice_corrected_sent" if event.corrected else "invoice_sent"
    return "invoice_corrected" if event.corrected else "invoice_ready"


def _issued_facts(invoice: Invoice, event: InvoiceIssued) -> Facts:
    issued = IssuedInvoice.objects.get(pk=event.issued)
    return {
        "issued": issued.pk, "invoice_number": issued.number, "title": invoice.name, "carrier": issued.carrier,
        "parcel": issued.parcel,
    }  # fmt: skip


ISSUED = INVOICE.notice(
    InvoiceIssued,
    facts=_issued_facts,
    once=lambda invoice, event: f"{invoice.pk}/{event.issued}",
    buyer_and_receiver=_issued_kind,
)
RETURNED = INVOICE.notice(InvoiceReturned, facts=_reason, buyer_and_receiver="invoice_returned")
WISHED = INVOICE.notice(
    InvoiceWished,
    when=lambda invoice, _: bool(invoice.wish),
    facts=lambda invoice, _: {"wish": f.phrase(WISHES[Invoice.Wish(invoice.wish)]), "reason": invoice.wish_reason},
    once=_occasion,
    seller="seller_invoice_wished",
    operators=lambda invoice, _: "operator_invoice_wished" if invoice.seller.self_operated else "",
)
WISH_DECLINED = INVOICE.notice(InvoiceWishDeclined, facts=_reason, once=_occasion, buyer="invoice_wish_declined")
DUE_SOON = INVOICE.notice(InvoiceDueSoon, when=_is_due, once=_occasion, seller="seller_invoice_due")
OVERDUE = INVOICE.notice(
    InvoiceOverdue,
    when=_is_due,
    once=_occasion,
    buyer="invoice_late",
    seller="seller_invoice_late",
    operators="operator_invoice_late",
)
