"""How amounts came about, for operators: of an order with all its money, and of a service with every order about it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tradepost.market.base.both_languages import named
from tradepost.market.fulfilment.service_queries import find_service
from tradepost.market.orders.explain import explained, service_explained
from tradepost.market.orders.explain_queries import facts_of, service_facts
from tradepost.market.orders.explained import OPERATORS
from tradepost.market.orders.operator_queries import find_order
from tradepost.market.web.access import operator_required
from tradepost.market.web.explaining import explanation


@operator_required
@require_safe
def order(request: HttpRequest, number: str) -> HttpResponse:
    found = find_order(number)
    if found is None:
        raise Http404
    [facts] = facts_of([found])
    said = _("Order %(number)s") % {"number": number}
    context = {
        **explanation(explained(facts), OPERATORS),
        "back": reverse("console:order", args=[number]),
        "about": said,
    }
    return render(request, "console/explain.html", context)


@operator_required
@require_safe
def service(request: HttpRequest, pk: int) -> HttpResponse:
    found = find_service(pk)
    if found is None:
        raise Http404
    shown = explanation(service_explained(service_facts(found)), OPERATORS)
    context = {**shown, "back": reverse("console:service", args=[pk]), "about": named(found.product)}
    return render(request, "console/explain.html", context)
