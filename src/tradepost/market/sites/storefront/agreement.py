"""Agreements to read: the versions in force, that of a product, and those that a buyer has accepted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.catalog.models import Product
from tradepost.market.catalog.shelf_queries import product_with_agreement
from tradepost.market.identity.agreements import in_force, version_of
from tradepost.market.orders import agreements as orders
from tradepost.market.orders.buyer_queries import buyer_order
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.agreement_text import paragraphs, pay_time, terms_paragraphs
from tradepost.market.web.order_agreements import accepted_agreements


@require_safe
def agreement(request: HttpRequest, kind: str) -> HttpResponse:
    """The version in force, or an earlier one by its number: what was accepted can be read for ever."""
    number = whole_number(request.GET.get("version", ""))
    shown = in_force(kind, now=now_of(request)) if number is None else version_of(kind, number)
    if shown is None:
        raise Http404
    latest = in_force(kind, now=now_of(request))
    context = {
        "agreement": shown,
        "paragraphs": paragraphs(shown, pay_within=pay_time(config().unpaid_timeout_minutes)),
        "latest": latest if latest and latest.number != shown.number else None,
    }
    return render(request, "storefront/agreement.html", context)


@require_safe
def of_product(request: HttpRequest, slug: str) -> HttpResponse:
    """The product service agreement that an order of this product accepts now."""
    product = product_with_agreement(slug)
    if product is None:
        raise Http404
    offered = offered_for(request, product)
    service = version_of(offered.service.kind, offered.service.number)
    if service is None:
        raise Http404
    context = {
        "product": product,
        "seller": product.seller,
        "agreement": service,
        "paragraphs": paragraphs(service),
        "terms": terms_paragraphs(offered.terms),
    }
    return render(request, "storefront/service_agreement.html", context)


@buyer_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    context = {"page": orders.accepted_lines(person(request), after=request.GET.get("after", ""))}
    return render(request, "storefront/agreements.html", context)


@buyer_required
@require_safe
def of_order(request: HttpRequest, number: str) -> HttpResponse:
    order = buyer_order(person(request), number)
    accepted = accepted_agreements(order) if order else None
    if accepted is None:
        raise Http404
    return render(request, "storefront/order_agreements.html", {"order": order, "accepted": accepted})


def offered_for(request: HttpRequest, product: Product) -> orders.Agreements:
    return orders.offered(product, pay_within=pay_within(), now=now_of(request))


def pay_within() -> timedelta:
    return timedelta(minutes=config().unpaid_timeout_minutes)


def consent(request: HttpRequest, product: Product, refused: Refused | None) -> dict[str, Any]:
    """Return what ``parts/agree.html`` needs. A tick for texts that have changed since is not kept."""
    changed = refused is not None and refused.code == orders.CHANGED
    return {
        "agreed": request.POST.get("agreed") == "on" and not changed,
        "agreements": offered_for(request, product),
    }


def shown_to_buyer(request: HttpRequest) -> str:
    """The stamp of the agreements that the submitted form showed."""
    return request.POST.get("agreements", "")[:64]
