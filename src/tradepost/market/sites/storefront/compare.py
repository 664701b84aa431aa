"""Compare up to four products: starting price, billing and features."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.catalog import shelf_queries
from tradepost.market.catalog.view import WAYS, ProductView

MAX_PRODUCTS = 4
_MAX_SLUG = 96


class Row(Struct, frozen=True):
    """A row of the comparison: the template part that shows it, and whether the products differ."""

    name: str
    differs: bool


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    slugs = selected_slugs(request.GET)
    pages = shelf_queries.side_by_side(slugs, currency=config().currency)
    only = request.GET.get("only") == "differences"
    rows = [row for row in _rows([page.view for page in pages]) if row.differs or not only or len(pages) < 2]
    context = {
        "pages": [(page, _address([p.view.slug for p in pages if p is not page], only=only)) for page in pages],
        "rows": rows,
        "only": only,
        "other": _address([page.view.slug for page in pages], only=not only),
        "add": f"{reverse('storefront:home')}?{urlencode([('p', page.view.slug) for page in pages])}",
        "full": len(pages) >= MAX_PRODUCTS,
        "every_way": [name for name, _mode in WAYS],
    }
    return render(request, "storefront/compare.html", context)


def selected_slugs(query: QueryDict) -> list[str]:
    """Return the slugs of the products to compare: the first four, without duplicates."""
    return list(dict.fromkeys(slug[:_MAX_SLUG] for slug in query.getlist("p") if slug))[:MAX_PRODUCTS]


def _address(slugs: list[str], *, only: bool) -> str:
    parameters = [("p", slug) for slug in slugs] + ([("only", "differences")] if only else [])
    return f"?{urlencode(parameters)}"


def _rows(views: list[ProductView]) -> list[Row]:
    facts: dict[str, list[object]] = {
        "least": [view.least for view in views],
        "ways": [view.ways for view in views],
        "trial": [view.trial_days for view in views],
        "specs": [[(sku.values, sku.quantity) for _spec, sku in view.skus()] for view in views],
        "highlights": [view.highlights for view in views],
        "kind": [view.kind.code for view in views],
        "category": [view.document.base.category for view in views],
        "support": [(view.support.hours, view.support.email, view.support.phone) for view in views],
    }
    return [Row(name, any(value != values[0] for value in values)) for name, values in facts.items() if values]
