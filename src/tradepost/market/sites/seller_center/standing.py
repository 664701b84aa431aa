"""What a seller's standing leaves open: an applicant sees its entry alone, a suspended seller looks and changes nothing, one
that left reads what was earned and still issues and returns invoices (business-rules §1.4)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from tradepost.market.identity.models import Seller

OF_APPLICANTS = frozenset({
    "switch", "notices", "notices_read", "notice_open", "company", "draft", "picture_upload", "proof_upload", "draft_discard", "submissions", "submission",
    "submission_progress",
    "submission_withdraw", "submission_correct", "road", "agreements", "agreement_accept",
})  # fmt: skip
"""Pages that an applicant sees, by the names of their addresses; all others lead to its entry."""
OF_EXITED = frozenset(
    {
        "switch",
        "notices",
        "notices_read",
        "notice_open",
        "statement",
        "settlements",
        "settlement_open",
        "settlement",
        "settlement_sign",
        "settlement_reject",
        "settlement_export",
        "fee_invoices",
        "fee_invoice_apply",
        "fee_invoice",
        "fee_invoice_cancel",
        "fee_invoice_ask",
        "fee_invoice_file",
        "invoices",
        "invoice_batch",
        "invoice_types",
        "invoice",
        "invoice_review",
        "invoice_issue",
        "invoice_correct",
        "invoice_take_back",
        "invoice_decline",
        "invoice_file",
        "submissions",
        "submission",
        "submission_progress",
    }
)
"""The same of a seller that left. It is paid what is left, and buyers may still need an invoice; all others lead to what it earned."""
WHILE_SUSPENDED = frozenset({"switch", "notices_read", "notice_open"})
"""What changes nothing of the seller's."""


def elsewhere(request: HttpRequest, seller: Seller, **frame: Any) -> HttpResponse | None:
    """The answer instead of a page that the seller's standing does not leave open; None where it does. ``frame``: what the
    layout needs."""
    page = request.resolver_match.url_name if request.resolver_match else ""
    if seller.status == Seller.Status.APPLICANT and page not in OF_APPLICANTS:
        return redirect("seller_center:company")
    if seller.status == Seller.Status.EXITED and page not in OF_EXITED:
        return redirect("seller_center:statement")
    changes = request.method not in {"GET", "HEAD"} and page not in WHILE_SUSPENDED
    if seller.status == Seller.Status.SUSPENDED and changes:
        return render(request, "seller_center/suspended.html", {"seller": seller, **frame}, status=HTTPStatus.FORBIDDEN)
    return None
