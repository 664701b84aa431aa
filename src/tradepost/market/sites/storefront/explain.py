"""Price breakdowns of an order, and of a service with all its orders, for their buyer."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from tradepost.market.base.both_languages import localised_name
from tradepost.market.orders.buyer_queries import buyer_order
from tradepost.market.orders.explain import explain_order
from tradepost.market.orders.explain_queries import facts_of
from tradepost.market.orders.explained import BUYER_KINDS
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.web.access import person
from tradepost.market.web.explaining import explanation, explanation_of_service
from tradepost.market.web.pages.guards import buyer_page


@buyer_page
def order(request: HttpRequest, number: str) -> HttpResponse:
    order = buyer_order(person(request), number)
    if order is None:
        raise Http404
    [facts] = facts_of([order])
    back_url = reverse("storefront:order", args=[number])
    subject = _("Order %(number)s") % {"number": number}
    context = {**explanation(explain_order(facts), BUYER_KINDS), "back": back_url, "about": subject}
    return render(request, "storefront/explain.html", context)


@buyer_page
def service(request: HttpRequest, pk: int) -> HttpResponse:
    service = buyer_subscription(person(request), pk)
    if service is None:
        raise Http404
    explanation_context = explanation_of_service(service, BUYER_KINDS)
    context = {
        **explanation_context,
        "service": pk,
        "back": reverse("storefront:subscription", args=[pk]),
        "about": localised_name(service.product),
    }
    return render(request, "storefront/explain.html", context)
