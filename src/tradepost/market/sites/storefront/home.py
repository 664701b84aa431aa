"""The shelf: search, filters that stand in the address, sorting, and what was ticked to compare."""

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

from tradepost.market.base.both_languages import named
from tradepost.market.base.config import config
from tradepost.market.base.money import MINOR_DIGITS
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.values import replace
from tradepost.market.catalog import shelf_queries
from tradepost.market.catalog.search_terms import LONGEST_QUERY
from tradepost.market.catalog.shelf_queries import Listing, Search

from .compare import ticked

WAYS: dict[str, str | Promise] = {
    "month": gettext_lazy("Monthly"),
    "year": gettext_lazy("Yearly"),
    "day": gettext_lazy("By the day"),
    "once": gettext_lazy("One-time purchase"),
    "on_demand": gettext_lazy("On demand"),
    "package": gettext_lazy("Package of usage"),
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
"""Of a price that is typed, in main units."""


class Chip(Struct, frozen=True):
    """Something that narrows the list, and the address of the list without it."""

    words: str
    address: str


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    search = search_of(request.GET)
    listing = shelf_queries.shelf(search, after=request.GET.get("after", ""))
    context = {
        **listed(request, search, listing),
        "searching": bool(search.q or search.category or search.seller or search.way or _has_price(search)),
    }
    return render(request, "storefront/home.html", context)


def search_of(query: QueryDict) -> Search:
    """What an address asks for; what it cannot mean is left out."""
    way, sort = query.get("way", ""), query.get("sort", "")
    return Search(
        q=query.get("q", "").strip()[:LONGEST_QUERY],
        category=query.get("category", ""),
        seller=query.get("seller", ""),
        way=way if way in WAYS else "",
        low=_minor(query.get("low", "")),
        high=_minor(query.get("high", "")),
        sort=sort if sort in SORTS else "",
    )


def listed(request: HttpRequest, search: Search, listing: Listing, *, own: bool = False) -> dict[str, Any]:
    """What the parts of a list of products need. ``own``: on the page of the seller, who cannot be left out there."""
    return {
        "q": search.q,
        "search": search,
        "listing": listing,
        "page": listing.page,
        "ways": WAYS.items(),
        "sorts": [(name, words) for name, words in SORTS.items() if name != "match" or search.q],
        "low": request.GET.get("low", "") if search.low is not None else "",
        "high": request.GET.get("high", "") if search.high is not None else "",
        "chips": list(_chips(request.GET, replace(search, seller="") if own else search, listing)),
        "ticked": ticked(request.GET),
        "own": own,
    }


def _minor(text: str) -> int | None:
    """A typed price, in whole main units, as minor ones."""
    number = whole_number(text, digits=_DIGITS)
    return None if number is None else number * 10 ** MINOR_DIGITS[config().currency]


def _has_price(search: Search) -> bool:
    return search.low is not None or search.high is not None


def _chips(query: QueryDict, search: Search, listing: Listing) -> Iterator[Chip]:
    if search.q:
        yield Chip(f"“{search.q}”", without(query, "q"))
    if search.category:
        yield Chip(_named(listing.category) or search.category, without(query, "category"))
    if search.seller:
        yield Chip(_named(listing.seller) or search.seller, without(query, "seller"))
    if search.way:
        yield Chip(str(WAYS[search.way]), without(query, "way"))
    if search.low is not None:
        yield Chip(_("from %(price)s") % {"price": query["low"]}, without(query, "low"))
    if search.high is not None:
        yield Chip(_("up to %(price)s") % {"price": query["high"]}, without(query, "high"))


def without(query: QueryDict, *names: str) -> str:
    """The same list without one of its filters, from its beginning."""
    left = query.copy()
    for name in (*names, "after"):
        left.pop(name, None)
    return f"?{left.urlencode()}"


def _named(row: Any) -> str:
    return "" if row is None else named(row)
