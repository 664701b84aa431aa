"""The services that a buyer holds."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.subscriptions.buyer_queries import SubscriptionFilter, buyer_subscriptions
from tradepost.market.web.access import buyer_required, person
from tradepost.market.web.status import vocabulary


@buyer_required
@require_safe
def subscriptions(request: HttpRequest) -> HttpResponse:
    filters = SubscriptionFilter(q=request.GET.get("q", "").strip()[:64], status=request.GET.get("status", ""))
    context = {
        "filters": filters,
        "page": buyer_subscriptions(person(request), filters, after=request.GET.get("after", "")),
        "states": vocabulary("subscription"),
    }
    return render(request, "storefront/subscriptions.html", context)
