"""Usage in the console: what was collected and charged, and who owes for it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.base.numbers import whole_number
from tradepost.market.billing import operator_queries as queries
from tradepost.market.billing.operator_queries import collections, in_arrears, next_collections
from tradepost.market.billing.queries import charge_by_operator, explain, records_of
from tradepost.market.billing.usage_months import month_asked
from tradepost.market.identity.models import User
from tradepost.market.invoices.queries import invoice_before_refund
from tradepost.market.metering.models import Cycle
from tradepost.market.metering.seller_queries import units
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


@operator_required
@require_safe
def charges(request: HttpRequest) -> HttpResponse:
    """Of all buyers, of one, or of one service and month."""
    asked = whole_number(request.GET.get("buyer", ""))
    buyer = User.objects.filter(pk=asked).first() if asked is not None else None
    service = whole_number(request.GET.get("service", ""))
    month = month_asked(request.GET.get("month", "")) if service is not None else None
    listed = queries.charges(
        buyer=buyer.pk if buyer else None, subscription=service, month=month, after=request.GET.get("after", "")
    )
    context = {"page": listed, "buyer": buyer, "service": service, "month": month}
    return render(request, "console/charges.html", context)


@operator_required
@require_safe
def charge(request: HttpRequest, pk: int) -> HttpResponse:
    """How it came about, down to the records and when they were pushed."""
    found = charge_by_operator(pk)
    if found is None:
        raise Http404
    listed = records_of(found, after=request.GET.get("after", ""))
    context = {
        "charge": found,
        "explained": explain(found),
        "page": listed,
        "rows": [(record, units(record.sign * record.quantity)) for record in listed.rows],
        "invoice": invoice_before_refund(found),
    }
    return render(request, "console/charge.html", context)
