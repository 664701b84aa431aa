"""One product: what it is, what it costs, who answers for it, and a choice with its price; and its picture."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.catalog import shelf_queries
from tradepost.market.catalog.models import Product
from tradepost.market.catalog.pictures import clean_svg
from tradepost.market.fulfilment.order_progress import keeps_order
from tradepost.market.identity.models import User
from tradepost.market.orders.buyer_queries import has_tried
from tradepost.market.orders.place import quote
from tradepost.market.web.seller_contact import contact_of
from tradepost.market.web.why_missing import sentences

from .choice import Choice, Picked, choose, whole

PICTURE_POLICY = "default-src 'none'; style-src 'none'; script-src 'none'; sandbox"
"""A drawing opened by itself is a document: it must be able to do nothing."""
BUY = "storefront/parts/buy.html"


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    picked = Picked.of(request.GET)
    page = shelf_queries.product_page(slug, currency=config().currency, spec=picked.spec)
    if page is None:
        raise Http404
    context: dict[str, Any] = {
        "view": page.view, "product": page.product, "seller": page.product.seller, "category": page.product.category.shown,
        "contact": contact_of(page.product.seller, page.product, support=page.view.support),
        "kept": keeps_order(page.product), "gives": page.view.kind.gives, "public": _is_public(page.product),
    }  # fmt: skip
    if page.view.sold and (choice := choose(page.product, picked)) is not None:
        tried = choice.trial is not None and isinstance(request.user, User) and has_tried(request.user, choice.spec)
        context |= {
            "buy": BUY,
            **_price(choice),
            "why_missing": sentences(page.view, choice.sku.code, trial_used=tried),
        }
        if tried:
            context["trial"] = None
    return render(request, "storefront/product.html", context)


def _is_public(product: Product) -> bool:
    """Whether search engines may list it: what is hidden, or not sold any more, is found by its link alone."""
    return product.status == Product.Status.ON_SALE and not product.hidden and product.seller.is_selling


def _price(choice: Choice) -> dict[str, Any]:
    """The choice with what it costs now, or why it cannot be bought so."""
    shown: dict[str, Any] = {"choice": choice, "trial": choice.trial, "errors": {}, "priced": None, "wrong": ""}
    try:
        shown["priced"] = quote(choice.offer, quantity=whole(choice.quantity), periods=whole(choice.periods))
    except Refused as refused:
        shown["errors"] = {refused.field: refused.message}
        shown["wrong"] = refused.message
    return shown


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
