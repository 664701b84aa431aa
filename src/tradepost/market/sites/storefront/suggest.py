"""Suggestions of the store's search field: categories, sellers and products that match the text."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tradepost.market.base.both_languages import localised_name
from tradepost.market.catalog import shelf_queries
from tradepost.market.web.suggestions import Group, Suggestion, search_text, suggestions_response

MAX_AGE = 60
"""Seconds for which a browser or shared cache may reuse a response."""


@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    text = search_text(request)
    response = suggestions_response(request, _groups(text) if text else (), text=text)
    anonymous = not request.user.is_authenticated
    patch_cache_control(response, max_age=MAX_AGE, **({"public": True} if anonymous else {"private": True}))
    patch_vary_headers(response, ("Accept-Language", "Cookie"))
    return response


def _groups(text: str) -> Iterator[Group]:
    suggestions = shelf_queries.suggest(text)
    home = reverse("storefront:home")
    yield Group(
        _("Categories"),
        [
            Suggestion(localised_name(row), f"{home}?{urlencode({'category': row.slug})}", row.icon)
            for row in suggestions.categories
        ],
    )
    yield Group(
        _("Sellers"),
        [
            Suggestion(localised_name(row), reverse("storefront:seller", args=[row.slug]), "building-store")
            for row in suggestions.sellers
        ],
    )
    yield Group(
        _("Products"),
        [
            Suggestion(
                localised_name(card.product),
                reverse("storefront:product", args=[card.product.slug]),
                "package",
                localised_name(card.least.seller),
            )
            for card in suggestions.cards
        ],
    )
