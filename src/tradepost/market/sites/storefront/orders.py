"""The buyer's orders."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.orders.buyer_queries import OrderFilter, buyer_orders
from tradepost.market.web.access import buyer_required, person
from tradepost.market.web.status import vocabulary


@buyer_required
@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    filters = OrderFilter(q=request.GET.get("q", "").strip()[:64], status=request.GET.get("status", ""))
    context = {
        "filters": filters,
        "page": buyer_orders(person(request), filters, after=request.GET.get("after", "")),
        "states": vocabulary("order"),
    }
    return render(request, "storefront/orders.html", context)
