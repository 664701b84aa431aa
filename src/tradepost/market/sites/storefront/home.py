"""The shelf: search, categories, products."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.catalog import shelf_queries


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    filters = shelf_queries.Search(
        q=request.GET.get("q", "").strip()[:100],
        category=request.GET.get("category", ""),
        seller=request.GET.get("seller", ""),
    )
    categories = shelf_queries.categories()
    context = {
        "q": filters.q,
        "filters": filters,
        "categories": categories,
        "category": next((c for c in categories if c.slug == filters.category), None),
        "page": shelf_queries.shelf(filters, after=request.GET.get("after", "")),
        "searching": bool(filters.q or filters.category or filters.seller),
    }
    return render(request, "storefront/home.html", context)
