"""The page of a seller: profile, contact and products."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.base.values import replace
from tradepost.market.catalog import shelf_queries

from .home import list_context, search_of


@require_safe
def seller(request: HttpRequest, seller_slug: str) -> HttpResponse:
    seller = shelf_queries.seller_page(seller_slug)
    if seller is None:
        raise Http404
    search = replace(search_of(request.GET), seller=seller.slug, q="")
    listing = shelf_queries.shelf(search, after=request.GET.get("after", ""))
    return render(
        request, "storefront/seller.html", {**list_context(request, search, listing, own=True), "seller": seller}
    )
