"""The product list of the store: search, filters in the address, sorting, and products selected for comparison."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe
from msgspec import Struct

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.config import config
from tradepost.market.base.money import MINOR_DIGITS
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.values import replace
from tradepost.market.catalog import shelf_queries
from tradepost.market.catalog.search_query import MAX_QUERY_LENGTH
from tradepost.market.catalog.shelf_queries import Listing, Search

from .compare import selected_slugs

BILLING_LABELS: dict[str, str | Promise] = {
    "month": gettext_lazy("Monthly"),
    "year": gettext_lazy("Yearly"),
    "day": gettext_lazy("Daily"),
    "once": gettext_lazy("One-time purchase"),
    "on_demand": gettext_lazy("On demand"),
    "package": gettext_lazy("Usage package"),
    "uses": gettext_lazy("Package of uses"),
    "trial": gettext_lazy("With a trial"),
}
SORTS: dict[str, str | Promise] = {
    "match": gettext_lazy("Best match"),
    "new": gettext_lazy("Newest"),
    "price": gettext_lazy("Lowest price"),
    "sold": gettext_lazy("Most bought"),
}
_DIGITS = 9
"""Maximum number of digits of a typed price in major units."""


class Chip(Struct, frozen=True):
    """A filter in use, and the address of the list without it."""

    words: str
    address: str


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    search = search_of(request.GET)
    listing = shelf_queries.shelf(search, after=request.GET.get("after", ""))
    context = {
        **list_context(request, search, listing),
        "searching": bool(search.q or search.category or search.seller or search.way or _has_price(search)),
    }
    return render(request, "storefront/home.html", context)


def search_of(query: QueryDict) -> Search:
    """Parse the filters in the address; invalid values are ignored."""
    way, sort = query.get("way", ""), query.get("sort", "")
    return Search(
        q=query.get("q", "").strip()[:MAX_QUERY_LENGTH],
        category=query.get("category", ""),
        seller=query.get("seller", ""),
        way=way if way in BILLING_LABELS else "",
        low=_minor_units(query.get("low", "")),
        high=_minor_units(query.get("high", "")),
        sort=sort if sort in SORTS else "",
    )


def list_context(request: HttpRequest, search: Search, listing: Listing, *, own: bool = False) -> dict[str, Any]:
    """Return the context of the templates for a list of products. ``own``: on a seller's page, where the seller filter
    cannot be removed."""
    return {
        "q": search.q,
        "search": search,
        "listing": listing,
        "page": listing.page,
        "ways": BILLING_LABELS.items(),
        "sorts": [(name, words) for name, words in SORTS.items() if name != "match" or search.q],
        "low": request.GET.get("low", "") if search.low is not None else "",
        "high": request.GET.get("high", "") if search.high is not None else "",
        "chips": list(_chips(request.GET, replace(search, seller="") if own else search, listing)),
        "ticked": selected_slugs(request.GET),
        "own": own,
    }


def _minor_units(text: str) -> int | None:
    """Convert a typed price in whole major units to minor units."""
    number = whole_number(text, digits=_DIGITS)
    return None if number is None else number * 10 ** MINOR_DIGITS[config().currency]


def _has_price(search: Search) -> bool:
    return search.low is not None or search.high is not None


def _chips(query: QueryDict, search: Search, listing: Listing) -> Iterator[Chip]:
    if search.q:
        yield Chip(f"“{search.q}”", url_without(query, "q"))
    if search.category:
        yield Chip(_name_or_empty(listing.category) or search.category, url_without(query, "category"))
    if search.seller:
        yield Chip(_name_or_empty(listing.seller) or search.seller, url_without(query, "seller"))
    if search.way:
        yield Chip(str(BILLING_LABELS[search.way]), url_without(query, "way"))
    if search.low is not None:
        yield Chip(_("from %(price)s") % {"price": query["low"]}, url_without(query, "low"))
    if search.high is not None:
        yield Chip(_("up to %(price)s") % {"price": query["high"]}, url_without(query, "high"))


def url_without(query: QueryDict, *names: str) -> str:
    """Return the address of the list without these filters, from its first page."""
    remaining = query.copy()
    for name in (*names, "after"):
        remaining.pop(name, None)
    return f"?{remaining.urlencode()}"


def _name_or_empty(row: Any) -> str:
    return "" if row is None else localised_name(row)
