"""Invoices of the market: what sellers let pass first. Operators read; only sellers issue."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.invoices.queries import all_invoices, current, find_invoice, overdue
from tradepost.market.web.access import now_of, operator_required
from tradepost.market.web.invoice_events import invoice_events
from tradepost.market.web.status import vocabulary

MOST = 100
"""Overdue ones on the first page."""


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    status, after = request.GET.get("status", ""), request.GET.get("after", "")
    context = {
        "page": all_invoices(status=status, after=after),
        "overdue": [] if status or after else list(overdue()[:MOST]),
        "status": status,
        "states": vocabulary("invoice"),
        "now": now_of(request),
    }
    return render(request, "console/invoices.html", context)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    invoice = find_invoice(pk)
    if invoice is None:
        raise Http404
    context = {
        "invoice": invoice,
        "issued": current(invoice),
        "items": list(invoice.items.all()),
        "events": invoice_events(invoice),
        "now": now_of(request),
    }
    return render(request, "console/invoice.html", context)
