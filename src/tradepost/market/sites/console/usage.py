"""Usage in the console: what was collected and charged, and who owes for it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.billing.operator_queries import collections, in_arrears, next_collections
from tradepost.market.metering.models import Cycle
from tradepost.market.web.access import operator_required


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    cycle = request.GET.get("cycle", "")
    context = {
        "page": collections(cycle=cycle, after=request.GET.get("after", "")),
        "cycle": cycle if cycle in Cycle.values else "",
        "cycles": Cycle.choices,
        "next": [(Cycle(key).label, at) for key, at in next_collections() if key in Cycle.values],
    }
    return render(request, "console/usage.html", context)


@operator_required
@require_safe
def owing(request: HttpRequest) -> HttpResponse:
    return render(request, "console/arrears.html", {"page": in_arrears(after=request.GET.get("after", ""))})
