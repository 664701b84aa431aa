"""What whoever issues an invoice does with it, as its forms ask: sellers in their center, operators for the market's own.

Both sites have the same forms (``web/parts/invoice_acts.html``).
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

from .invoice_files import InvoiceField, files, handed_in

TYPED = ("number", "carrier", "parcel", "red_letter", "reason")


class InvoiceAct(Struct, frozen=True):
    """``do`` it, raising ``Refused`` and ``IllegalTransition``, and ``said`` when it was done."""

    do: Callable[[Invoice], object]
    said: str


def act_asked(request: HttpRequest, form: str, *, by: User, now: datetime) -> InvoiceAct:
    """By the name of the form: ``review``, ``issue``, ``correct``, ``take_back`` or ``decline``."""
    red_letter, reason = request.POST.get("red_letter", ""), request.POST.get("reason", "")
    match form:
        case "review" if request.POST.get("answer") == "approve":
            return InvoiceAct(
                lambda one: issuing.approve(one, by=by, now=now), _("Accepted. Issue it now, or before it is due.")
            )
        case "review":
            return InvoiceAct(
                lambda one: ending.reject(one, reason, by=by, now=now), _("Refused. The buyer reads why.")
            )
        case "issue":
            return InvoiceAct(
                lambda one: issuing.issue(one, _issue(request, by), now=now), _("Issued. The buyer is told.")
            )
        case "correct":
            return InvoiceAct(
                lambda one: issuing.correct(one, _issue(request, by), red_letter=red_letter, now=now),
                _("Corrected. The buyer is told."),
            )
        case "take_back":
            return InvoiceAct(
                lambda one: ending.take_back(one, red_letter=red_letter, reason=reason, by=by, now=now),
                _("Taken back. The buyer is told."),
            )
    return InvoiceAct(
        lambda one: issuing.decline(one, reason, by=by, now=now), _("It stays as it is. The buyer reads why.")
    )


def _issue(request: HttpRequest, by: User) -> issuing.Issue:
    return issuing.Issue(
        by=by, number=request.POST.get("number", ""), files=files(), file=handed_in(request),
        carrier=request.POST.get("carrier", ""), parcel=request.POST.get("parcel", ""),
    )  # fmt: skip


def forms_of(request: HttpRequest, invoice: Invoice, refused: Refused | None, form: str) -> Mapping[str, Any]:
    """What the forms show. ``form``: which of them was refused."""
    error = refused.message if refused and refused.field == "file" else ""
    return {
        "upload": InvoiceField(name="file", label=_("File of the invoice"), required=True, error=error),
        "buyer_pays_courier": invoice.amount_minor < config().invoice_courier_free_minor,
        "refused": refused,
        "form": form,
        "typed": {name: request.POST.get(name, "") for name in TYPED},
    }
