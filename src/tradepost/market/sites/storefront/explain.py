"""How what a buyer paid came about: of an order, and of a service with every order about it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from tradepost.market.base.both_languages import named
from tradepost.market.orders.buyer_queries import buyer_order
from tradepost.market.orders.explain import explained, service_explained
from tradepost.market.orders.explain_queries import facts_of, service_facts
from tradepost.market.orders.explained import BUYERS
from tradepost.market.subscriptions.buyer_queries import buyer_subscription
from tradepost.market.web.access import buyer_required, person
from tradepost.market.web.explaining import explanation

private = cache_control(private=True, no_store=True)


@buyer_required
@private
@require_safe
def order(request: HttpRequest, number: str) -> HttpResponse:
    found = buyer_order(person(request), number)
    if found is None:
        raise Http404
    [facts] = facts_of([found])
    back = reverse("storefront:order", args=[number])
    said = _("Order %(number)s") % {"number": number}
    context = {**explanation(explained(facts), BUYERS), "back": back, "about": said}
    return render(request, "storefront/explain.html", context)


@buyer_required
@private
@require_safe
def service(request: HttpRequest, pk: int) -> HttpResponse:
    found = buyer_subscription(person(request), pk)
    if found is None:
        raise Http404
    shown = explanation(service_explained(service_facts(found)), BUYERS)
    context = {**shown, "back": reverse("storefront:subscription", args=[pk]), "about": named(found.product)}
    return render(request, "storefront/explain.html", context)
