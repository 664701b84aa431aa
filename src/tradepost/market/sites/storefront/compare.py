"""Up to four products side by side: what they cost at least, how they are sold, what they are."""

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

MOST = 4
_LONGEST_SLUG = 96


class Row(Struct, frozen=True):
    """One thing that is compared: the part of the page that shows it, and whether the products differ in it."""

    name: str
    differs: bool


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    slugs = ticked(request.GET)
    pages = shelf_queries.side_by_side(slugs, currency=config().currency)
    only = request.GET.get("only") == "differences"
    rows = [row for row in _rows([page.view for page in pages]) if row.differs or not only or len(pages) < 2]
    context = {
        "pages": [(page, _address([p.view.slug for p in pages if p is not page], only=only)) for page in pages],
        "rows": rows,
        "only": only,
        "other": _address([page.view.slug for page in pages], only=not only),
        "add": f"{reverse('storefront:home')}?{urlencode([('p', page.view.slug) for page in pages])}",
        "full": len(pages) >= MOST,
        "every_way": [name for name, _mode in WAYS],
    }
    return render(request, "storefront/compare.html", context)


def ticked(query: QueryDict) -> list[str]:
    """Slugs of the products that were ticked to compare: the first four, each once."""
    return list(dict.fromkeys(slug[:_LONGEST_SLUG] for slug in query.getlist("p") if slug))[:MOST]


def _address(slugs: list[str], *, only: bool) -> str:
    asked = [("p", slug) for slug in slugs] + ([("only", "differences")] if only else [])
    return f"?{urlencode(asked)}"


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
