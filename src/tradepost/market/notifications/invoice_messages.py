"""What notices about invoices say (business-rules §6.2, §7.1)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Audience, Category
from .notice_parts import Words

AN_INVOICE = About(category=Category.FINANCE, to=Audience.BUYER, mandatory=True, sms=True)
"""§6.2: the buyer is told by SMS and mail."""
ABOUT_AN_INVOICE = About(category=Category.FINANCE, to=Audience.BUYER)
ASKED_FOR = About(category=Category.OTHER, to=Audience.SELLER)
"""§7.1: general invoice requested → seller, other (901)."""
FOR_OPERATORS = About(category=Category.FINANCE, to=Audience.OPERATOR)

A_FEE_INVOICE = About(category=Category.FINANCE, to=Audience.SELLER)
"""§6.5: over the market's fee."""

WITH_FILE = frozenset({"invoice_ready", "invoice_corrected", "fee_invoice_ready"})
"""Kinds whose mail brings the file of the invoice."""
OVER_A_FEE: Mapping[str, str] = {
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

OF_INVOICES: Mapping[str, Words] = {
    "invoice_ready": Words(
        _("Your invoice from %(seller)s is here"),
        _("Invoice %(invoice_number)s over %(amount)s, made out to %(title)s. The mail brings the file; you can also download it "
          "from your invoices. Application %(application)s."),
        _("Open the invoice"), "good", "file-text", AN_INVOICE,
    ),
    "invoice_corrected": Words(
        _("%(seller)s corrected your invoice"),
        _("Invoice %(invoice_number)s over %(amount)s is in the place of the earlier one, which no longer counts. The mail brings "
          "the file. Application %(application)s."),
        _("Open the invoice"), "good", "file-text", AN_INVOICE,
    ),
    "invoice_sent": Words(
        _("Your invoice from %(seller)s is on its way"),
        _("Invoice %(invoice_number)s over %(amount)s, made out to %(title)s, was sent on paper: %(carrier)s, parcel %(parcel)s. "
          "Application %(application)s."),
        _("Open the invoice"), "good", "file-text", AN_INVOICE,
    ),
    "invoice_corrected_sent": Words(
        _("%(seller)s corrected your invoice"),
        _("Invoice %(invoice_number)s over %(amount)s is in the place of the earlier one, which no longer counts. It was sent on "
          "paper: %(carrier)s, parcel %(parcel)s. Application %(application)s."),
        _("Open the invoice"), "good", "file-text", AN_INVOICE,
    ),
    "invoice_rejected": Words(
        _("%(seller)s did not accept your application for an invoice"),
        _("It was about %(amount)s. Why: %(reason)s Mend it and apply anew. Application %(application)s."),
        _("See why"), "warning", "ban", ABOUT_AN_INVOICE,
    ),
    "invoice_returned": Words(
        _("Your invoice from %(seller)s was taken back"),
        _("The invoice over %(amount)s no longer counts. Why: %(reason)s What stood on it can be invoiced anew, or paid back. "
          "Application %(application)s."),
        _("Open the invoice"), "warning", "arrow-back-up", AN_INVOICE,
    ),
    "invoice_wish_declined": Words(
        _("%(seller)s leaves your invoice as it is"),
        _("It is about %(amount)s. Why: %(reason)s Application %(application)s."),
        _("Open the invoice"), "warning", "ban", ABOUT_AN_INVOICE,
    ),
    "invoice_late": Words(
        _("%(seller)s is late with your invoice"),
        _("It is about %(amount)s and was due on %(due)s. Write to the seller or call: the contacts stand on the page. The "
          "operator of the market knows of it. Application %(application)s."),
        _("Whom to ask"), "warning", "clock", ABOUT_AN_INVOICE,
    ),
    "credit_waits": Words(
        _("A refund of %(amount)s waits for the return of an invoice"),
        _("The charges for %(product)s in %(month)s were reduced after the invoice. Ask %(seller)s to return it; the refund follows "
          "automatically. Application %(application)s."),
        _("Open the invoice"), "warning", "arrow-back-up", AN_INVOICE,
    ),
    "seller_credit_waits": Words(
        _("Return an invoice to refund %(amount)s"),
        _("The charges for %(product)s in %(month)s were reduced after you invoiced them. Return the invoice with a red letter; the "
          "refund to the buyer follows automatically. Application %(application)s."),
        _("Open the invoice"), "warning", "arrow-back-up", ASKED_FOR,
    ),
    "seller_invoice_asked": Words(
        _("A buyer applies for an invoice over %(amount)s"),
        _("Made out to %(title)s. Review it and issue it before %(due)s. Application %(application)s."),
        _("Review it"), "warning", "file-text", ASKED_FOR,
    ),
    "seller_invoice_withdrawn": Words(
        _("An application for an invoice over %(amount)s was cancelled"),
        _("Its buyer does not want it any more: you need to do nothing. Application %(application)s."),
        _("See the application"), "info", "circle-check", ASKED_FOR,
    ),
    "seller_invoice_wished": Words(
        _("A buyer asks you about an invoice over %(amount)s: %(wish)s"),
        _("Why: %(reason)s Answer before %(due)s. Application %(application)s."),
        _("Open the invoice"), "warning", "edit", ASKED_FOR,
    ),
    "seller_invoice_due": Words(
        _("An invoice over %(amount)s is due on %(due)s"),
        _("Its buyer is waiting. Application %(application)s."),
        _("Open the invoice"), "warning", "clock", ASKED_FOR,
    ),
    "seller_invoice_late": Words(
        _("An invoice over %(amount)s is overdue"),
        _("It was due on %(due)s. The buyer and the operator of the market have been told. Application %(application)s."),
        _("Open the invoice"), "danger", "alert-circle", ASKED_FOR,
    ),
    "operator_invoice_late": Words(
        _("%(seller)s let the time for an invoice pass"),
        _("It is about %(amount)s and was due on %(due)s. Ask the seller. Application %(application)s."),
        _("Open the invoice"), "warning", "clock", FOR_OPERATORS,
    ),
    "operator_invoice_asked": Words(
        _("An invoice over %(amount)s is to be issued by the market"),
        _("Made out to %(title)s. Review it and issue it before %(due)s. Application %(application)s."),
        _("Review it"), "warning", "file-text", FOR_OPERATORS,
    ),
    "operator_invoice_wished": Words(
        _("The market is asked about an invoice over %(amount)s: %(wish)s"),
        _("Why: %(reason)s Answer before %(due)s. Application %(application)s."),
        _("Open the invoice"), "warning", "edit", FOR_OPERATORS,
    ),
    "fee_invoice_ready": Words(
        _("The market's invoice over its fee is here"),
        _("Invoice %(invoice_number)s over %(amount)s, made out to %(title)s. The mail brings the file; you can also download it in "
          "the seller center. Application %(application)s."),
        _("Open the invoice"), "good", "file-text", A_FEE_INVOICE,
    ),
    "fee_invoice_sent": Words(
        _("The market's invoice over its fee is on its way"),
        _("Invoice %(invoice_number)s over %(amount)s, made out to %(title)s, was sent on paper: %(carrier)s, parcel %(parcel)s. "
          "Application %(application)s."),
        _("Open the invoice"), "good", "file-text", A_FEE_INVOICE,
    ),
    "fee_invoice_rejected": Words(
        _("The market did not accept your application for an invoice over its fee"),
        _("It was about %(amount)s. Why: %(reason)s Mend it and apply anew. Application %(application)s."),
        _("See why"), "warning", "ban", A_FEE_INVOICE,
    ),
    "fee_invoice_returned": Words(
        _("The market took its invoice over the fee back"),
        _("The invoice over %(amount)s no longer counts. Why: %(reason)s The fee can be invoiced anew. Application %(application)s."),
        _("Open the invoice"), "warning", "arrow-back-up", A_FEE_INVOICE,
    ),
    "fee_invoice_wish_declined": Words(
        _("The market leaves its invoice over the fee as it is"),
        _("It is about %(amount)s. Why: %(reason)s Application %(application)s."),
        _("Open the invoice"), "warning", "ban", A_FEE_INVOICE,
    ),
    "fee_invoice_late": Words(
        _("The market is late with its invoice over the fee"),
        _("It is about %(amount)s and was due on %(due)s. Write to the operator. Application %(application)s."),
        _("Open the invoice"), "warning", "clock", A_FEE_INVOICE,
    ),
}  # fmt: skip  # a table is read in rows
