"""A seller's page: who it is, how to reach it, and everything it sells here."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.base.values import replace
from tradepost.market.catalog import shelf_queries

from .home import listed, search_of


@require_safe
def seller(request: HttpRequest, seller_slug: str) -> HttpResponse:
    found = shelf_queries.seller_page(seller_slug)
    if found is None:
        raise Http404
    search = replace(search_of(request.GET), seller=found.slug, q="")
    listing = shelf_queries.shelf(search, after=request.GET.get("after", ""))
    return render(request, "storefront/seller.html", {**listed(request, search, listing, own=True), "seller": found})
