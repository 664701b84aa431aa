"""Pages that a seller's status allows: an applicant sees its entry, a suspended seller only reads, an exited seller
reads its earnings and still issues and withdraws invoices (business-rules §1.4)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from tradepost.market.identity.models import Seller

APPLICANT_PAGES = frozenset({
    "switch", "notices", "notices_read", "notice_open", "company", "draft", "picture_upload", "proof_upload", "draft_discard", "submissions", "submission",
    "submission_progress",
    "submission_withdraw", "submission_correct", "road", "agreements", "agreement_accept",
})  # fmt: skip
"""URL names that an applicant may open; others redirect to the entry."""
EXITED_PAGES = frozenset(
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
"""URL names that an exited seller may open, for remaining payouts and invoices; others redirect to its earnings."""
SUSPENDED_ACTS = frozenset({"switch", "notices_read", "notice_open"})
"""URL names of acts that change nothing of the seller."""


def blocked_response(request: HttpRequest, seller: Seller, **frame: Any) -> HttpResponse | None:
    """Return the response instead of a page that the seller's status does not allow; None if it does. ``frame``:
    context of the layout."""
    page = request.resolver_match.url_name if request.resolver_match else ""
    if seller.status == Seller.Status.APPLICANT and page not in APPLICANT_PAGES:
        return redirect("seller_center:company")
    if seller.status == Seller.Status.EXITED and page not in EXITED_PAGES:
        return redirect("seller_center:statement")
    changes = request.method not in {"GET", "HEAD"} and page not in SUSPENDED_ACTS
    if seller.status == Seller.Status.SUSPENDED and changes:
        return render(request, "seller_center/suspended.html", {"seller": seller, **frame}, status=HTTPStatus.FORBIDDEN)
    return None
