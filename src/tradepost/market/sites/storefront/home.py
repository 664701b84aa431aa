"""The shelf: search, categories, products."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.catalog import shelf_queries


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    asked = shelf_queries.Search(
        q=request.GET.get("q", "").strip()[:100],
        category=request.GET.get("category", ""),
        seller=request.GET.get("seller", ""),
    )
    categories = shelf_queries.categories()
    context = {
        "q": asked.q,
        "asked": asked,
        "categories": categories,
        "category": next((c for c in categories if c.slug == asked.category), None),
        "page": shelf_queries.shelf(asked, after=request.GET.get("after", "")),
        "searching": bool(asked.q or asked.category or asked.seller),
    }
    return render(request, "storefront/home.html", context)
