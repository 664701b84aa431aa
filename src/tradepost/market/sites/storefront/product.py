"""One product: what it is, what it costs, who answers for it; and its picture."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from tradepost.market.catalog import shelf_queries
from tradepost.market.catalog.pictures import clean_svg
from tradepost.market.fulfilment.order_progress import keeps_order
from tradepost.market.product_types.registry import product_type

from .choice import price_list

PICTURE_POLICY = "default-src 'none'; style-src 'none'; script-src 'none'; sandbox"
"""A drawing opened by itself is a document: it must be able to do nothing."""


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    found = shelf_queries.product_on_sale(slug=slug)
    if found is None:
        raise Http404
    context = {
        "product": found, "seller": found.seller, "prices": price_list(found), "kept": keeps_order(found),
        "gives": product_type(found.product_type).gives,
    }  # fmt: skip
    return render(request, "storefront/product.html", context)


@require_safe
@cache_control(max_age=3600, public=True)
def picture(_request: HttpRequest, slug: str) -> HttpResponse:
    drawing = shelf_queries.picture_of(slug)
    if not drawing:
        raise Http404
    # Cleaned when it was listed; again here, since rows may come from an import or an earlier version.
    answer = HttpResponse(clean_svg(drawing), content_type="image/svg+xml")
    answer["Content-Security-Policy"] = PICTURE_POLICY
    return answer
