"""Web checks of all sellers: every run, and one report with who is asked about the site (business-rules §2.7)."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.review.appeals import last_appeal
from tradepost.market.web.access import operator_required
from tradepost.market.web.status import vocabulary
from tradepost.market.web.templatetags.ui import loc
from tradepost.market.web_scan import queries
from tradepost.market.web_scan.queries import ScanFilter
from tradepost.market.web_scan.report import report_of


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    asked = ScanFilter(status=request.GET.get("status", ""), seller=request.GET.get("seller", ""))
    found = queries.scans(asked, after=request.GET.get("after", ""))
    context = {
        "page": found,
        "asked": asked,
        "statuses": vocabulary("web check"),
        "sellers": [(str(seller.pk), loc(seller, "name")) for seller in queries.sellers_with_tasks()],
    }
    return render(request, "console/web_checks.html", context)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    run = queries.any_scan(pk)
    if run is None:
        raise Http404
    context = {
        "run": run,
        "report": report_of(run),
        "appeal": last_appeal(run),
        "history": queries.history_of(run.task),
    }
    return render(request, "console/web_check.html", context)
