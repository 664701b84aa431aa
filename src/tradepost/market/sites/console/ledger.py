"""The books: every movement of money, and the check that every transfer sums to zero and every balance to its entries."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.payments import ledger, queries
from tradepost.market.payments.models import Transfer
from tradepost.market.web.access import operator_required


@operator_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """The check reads the whole ledger, so it runs when asked for and not on every visit."""
    filters = queries.TransferFilter(reference=request.GET.get("q", "").strip(), reason=request.GET.get("reason", ""))
    context = {
        "result": ledger.verify() if "check" in request.GET else None,
        "accounts": queries.market_accounts(),
        "filters": filters,
        "page": queries.transfers(filters, after=request.GET.get("after", "")),
        "reasons": Transfer.Reason.choices,
    }
    return render(request, "console/ledger.html", context)
