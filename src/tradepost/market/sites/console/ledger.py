"""Check of the books: every transfer sums to zero, every balance is the sum of its entries."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.payments import ledger, queries
from tradepost.market.web.access import operator_required


@operator_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """The check reads the whole ledger, so it runs when asked for and not on every visit."""
    result = ledger.verify() if "check" in request.GET else None
    return render(request, "console/ledger.html", {"result": result, "accounts": queries.market_accounts()})
