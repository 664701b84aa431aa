"""Price breakdowns for operators: of an order with all bookings, and of a service with all its orders."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tradepost.market.base.both_languages import localised_name
from tradepost.market.fulfilment.service_queries import find_service
from tradepost.market.orders.explain import explain_order
from tradepost.market.orders.explain_queries import facts_of
from tradepost.market.orders.explained import OPERATORS
from tradepost.market.orders.operator_queries import find_order
from tradepost.market.web.access import operator_required
from tradepost.market.web.explaining import explanation, explanation_of_service


@operator_required
@require_safe
def order(request: HttpRequest, number: str) -> HttpResponse:
    order = find_order(number)
    if order is None:
        raise Http404
    [facts] = facts_of([order])
    title = _("Order %(number)s") % {"number": number}
    context = {
        **explanation(explain_order(facts), OPERATORS),
        "back": reverse("console:order", args=[number]),
        "about": title,
    }
    return render(request, "console/explain.html", context)


@operator_required
@require_safe
def service(request: HttpRequest, pk: int) -> HttpResponse:
    service = find_service(pk)
    if service is None:
        raise Http404
    parts = explanation_of_service(service, OPERATORS)
    context = {
        **parts,
        "service": pk,
        "back": reverse("console:service", args=[pk]),
        "about": localised_name(service.product),
    }
    return render(request, "console/explain.html", context)
