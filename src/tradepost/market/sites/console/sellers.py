"""Sellers of the market, and one with its people, addresses, products and the hints of its keys."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.base.paging import page
from tradepost.market.base.secrets import mask
from tradepost.market.identity import operator_queries as identity
from tradepost.market.identity.agreements import accepted_by
from tradepost.market.identity.certify import certification_of
from tradepost.market.identity.company_models import Company
from tradepost.market.identity.enter import document_of
from tradepost.market.identity.models import Seller
from tradepost.market.payments.queries import seller_balances
from tradepost.market.product_types.registry import kinds_with_interface
from tradepost.market.production import seller_queries as production
from tradepost.market.production.operator_queries import sellers_with_figures
from tradepost.market.review.operator_queries import submissions_of
from tradepost.market.review.registry import review_kind
from tradepost.market.web.access import now_of, operator_required
from tradepost.market.web.submissions import sections_of

from .standing import ReasonForm


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()
    context = {"page": page(sellers_with_figures(text), after=request.GET.get("after", "")), "q_sought": text}
    return render(request, "console/sellers.html", context)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    seller = identity.find_seller(pk)
    if seller is None:
        raise Http404
    now = now_of(request)
    context = {
        "seller": seller,
        **_company_of(seller),
        "members": identity.members_of(seller),
        "addresses": production.seller_addresses(seller),
        "products": production.seller_products(seller),
        "with_interface": kinds_with_interface(),
        "balances": seller_balances(seller),
        "signing_keys": identity.signing_keys_of(seller),
        "access_keys": [
            (key, mask(key.access_key), key.valid_until is None or key.valid_until > now)
            for key in identity.access_keys_of(seller)
        ],
    }
    return render(request, "console/seller.html", context)


def _company_of(seller: Seller) -> dict[str, object]:
    """What it said of itself, what it handed in, where it is paid and what it signed."""
    known = Company.objects.filter(seller=seller).exists()
    return {
        "reason_form": ReasonForm(),
        "facts": sections_of(review_kind("company"), document_of(seller)) if known else [],
        "certification": certification_of(seller),
        "submissions": [(one, review_kind(one.kind).title) for one in submissions_of(seller)],
        "accepted": accepted_by(seller),
    }
