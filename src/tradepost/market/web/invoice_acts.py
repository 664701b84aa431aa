"""Acts on an invoice by its issuer: sellers in the seller center, operators for the market's own sales.

Both sites use the same forms (``web/parts/invoice_acts.html``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import User
from tradepost.market.invoices import issue as issuing
from tradepost.market.invoices import take_back as ending
from tradepost.market.invoices.models import Invoice

from .invoice_files import InvoiceField, files, submitted_invoice

INPUTS = ("number", "carrier", "parcel", "red_letter", "reason")


class InvoiceAct(Struct, frozen=True):
    """An act on an invoice. ``do`` runs it and may raise ``Refused`` or ``IllegalTransition``; ``said`` is the success
    message."""

    do: Callable[[Invoice], object]
    said: str


def submitted_act(request: HttpRequest, form: str, *, by: User, now: datetime) -> InvoiceAct:
    """Return the act of a form: ``review``, ``issue``, ``correct``, ``take_back`` or ``decline``."""
    red_letter, reason = request.POST.get("red_letter", ""), request.POST.get("reason", "")
    match form:
        case "review" if request.POST.get("answer") == "approve":
            return InvoiceAct(
                lambda invoice: issuing.approve(invoice, by=by, now=now),
                _("Accepted. Issue it now, or before it is due."),
            )
        case "review":
            return InvoiceAct(
                lambda invoice: ending.reject(invoice, reason, by=by, now=now),
                _("Refused. The buyer can see the reason."),
            )
        case "issue":
            return InvoiceAct(
                lambda invoice: issuing.issue(invoice, _issue_data(request, by), now=now),
                _("Issued. The buyer is notified."),
            )
        case "correct":
            return InvoiceAct(
                lambda invoice: issuing.correct(invoice, _issue_data(request, by), red_letter=red_letter, now=now),
                _("Corrected. The buyer is notified."),
            )
        case "take_back":
            return InvoiceAct(
                lambda invoice: ending.return_invoice(invoice, red_letter=red_letter, reason=reason, by=by, now=now),
                _("Returned. The buyer is notified."),
            )
    return InvoiceAct(
        lambda invoice: issuing.decline(invoice, reason, by=by, now=now),
        _("The invoice is unchanged. The buyer can see the reason."),
    )


def _issue_data(request: HttpRequest, by: User) -> issuing.IssueData:
    return issuing.IssueData(
        by=by, number=request.POST.get("number", ""), files=files(), file=submitted_invoice(request),
        carrier=request.POST.get("carrier", ""), parcel=request.POST.get("parcel", ""),
    )  # fmt: skip


def forms_context(request: HttpRequest, invoice: Invoice, refused: Refused | None, form: str) -> Mapping[str, Any]:
    """Return the context of the forms. ``form``: name of the refused form."""
    error = refused.message if refused and refused.field == "file" else ""
    return {
        "upload": InvoiceField(name="file", label=_("Invoice file"), required=True, error=error),
        "buyer_pays_courier": invoice.amount_minor < config().invoices.invoice_courier_free_minor,
        "refused": refused,
        "form": form,
        "typed": {name: request.POST.get(name, "") for name in INPUTS},
    }
