"""The page of a product: description, price, seller's contact, and a choice with its price; and its picture."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from tradepost.market.applications.enterprise_needed import APPLICATION, requirement_of
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.catalog import shelf_queries
from tradepost.market.catalog.models import Product
from tradepost.market.catalog.pictures import clean_svg
from tradepost.market.fulfilment.order_progress import keeps_order
from tradepost.market.identity.models import User
from tradepost.market.orders.buyer_queries import has_used_trial
from tradepost.market.orders.place import price_choice
from tradepost.market.web.seller_contact import contact_of
from tradepost.market.web.why_missing import sentences

from .choice import Choice, SubmittedChoice, choose, parse_count

PICTURE_POLICY = "default-src 'none'; style-src 'none'; script-src 'none'; sandbox"
"""Content policy of a drawing, which is a document when opened in a tab and must not run anything."""
BUY_TEMPLATE = "storefront/parts/buy.html"


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    picked = SubmittedChoice.of(request.GET)
    page = shelf_queries.product_page(slug, currency=config().currency, spec=picked.spec, also=(APPLICATION,))
    if page is None:
        raise Http404
    context: dict[str, Any] = {
        "view": page.view, "product": page.product, "seller": page.product.seller, "category": page.product.category.shown,
        "contact": contact_of(page.product.seller, page.product, support=page.view.support),
        "joint": requirement_of(page.product, request.user if isinstance(request.user, User) else None),
        "kept": keeps_order(page.product), "gives": page.view.kind.gives, "public": _is_public(page.product),
    }  # fmt: skip
    if page.view.sold and (choice := choose(page.product, picked)) is not None:
        trial_used = (
            choice.trial is not None and isinstance(request.user, User) and has_used_trial(request.user, choice.spec)
        )
        context |= {
            "buy": BUY_TEMPLATE,
            **_price_context(choice),
            "why_missing": sentences(page.view, choice.sku.code, trial_used=trial_used),
        }
        if trial_used:
            context["trial"] = None
    return render(request, "storefront/product.html", context)


def _is_public(product: Product) -> bool:
    """Return whether search engines may list the product. Hidden and ended products are reachable only by link."""
    return product.status == Product.Status.ON_SALE and not product.hidden and product.seller.is_selling


def _price_context(choice: Choice) -> dict[str, Any]:
    """Return the context of a choice: its price, or why it cannot be bought."""
    price_context: dict[str, Any] = {"choice": choice, "trial": choice.trial, "errors": {}, "priced": None, "wrong": ""}
    try:
        price_context["priced"] = price_choice(
            choice.offer, quantity=parse_count(choice.quantity), periods=parse_count(choice.periods)
        )
    except Refused as refused:
        price_context["errors"] = {refused.field: refused.message}
        price_context["wrong"] = refused.message
    return price_context


@require_safe
@cache_control(max_age=3600, public=True)
def picture(_request: HttpRequest, slug: str) -> HttpResponse:
    svg = shelf_queries.picture_of(slug)
    if not svg:
        raise Http404
    # Sanitised when listed; repeated here for rows of an import or an earlier version.
    response = HttpResponse(clean_svg(svg), content_type="image/svg+xml")
    response["Content-Security-Policy"] = PICTURE_POLICY
    return response
