"""Sellers of the market: list, and detail page with members, addresses, products and key hints."""

from __future__ import annotations

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from tradepost.market.base.paging import Page, page
from tradepost.market.base.secrets import mask
from tradepost.market.identity import enter
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
from tradepost.market.web.pages import (
    Empty,
    Listing,
    ListQuery,
    day,
    fragment,
    number,
    page_link,
    search,
    state,
    text,
    time_range,
)
from tradepost.market.web.pages.guards import operator_list
from tradepost.market.web.submissions import sections_of

from .list_parts import LAYOUT


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason (visible to the seller)"),
        max_length=enter.MAX_REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[Seller]:
    del request
    return page(sellers_with_figures(query["q"], since=query.since, until=query.until), after=after, size=size)


LISTING: Listing[Seller, Seller] = Listing(
    name="console:sellers",
    title=_("Sellers"),
    layout=LAYOUT,
    source=_source,
    columns=(
        page_link(_("Seller"), ":name", "console:seller", "pk", css="c-cell"),
        state(_("State"), "seller"),
        text(_("Contact"), "contact_email", under="contact_phone", css="c-cell"),
        text(_("Phone"), "contact_phone", on_page=False),
        number(_("Products"), "products_count"),
        fragment(_("Addresses without an answer"), "open_count", "console/parts/silent_addresses.html"),
        day(_("Since"), "created_at"),
    ),
    filters=(search(_("Seller's name")), time_range()),
    empty=Empty(icon="building-store", title=_("No sellers yet"), text=_("Sellers appear here when they sign up.")),
    no_fit=Empty(
        icon="search",
        title=_("No sellers found"),
        text=_("Search for a part of the Chinese or English name, or try another time."),
    ),
    file="sellers",
)
index = operator_list(LISTING)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return render_seller(request, seller_or_404(pk))


def seller_or_404(pk: int) -> Seller:
    seller = identity.find_seller(pk)
    if seller is None:
        raise Http404
    return seller


def render_seller(request: HttpRequest, seller: Seller, *, form: forms.Form | None = None) -> HttpResponse:
    """Render the page of a seller. ``form``: a refused form with its input."""
    now = now_of(request)
    context = {
        "seller": seller,
        **_company_context(seller),
        "reason_form": form or ReasonForm(),
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


def _company_context(seller: Seller) -> dict[str, object]:
    """Return the company's data, submissions, certification and signed agreements."""
    has_company = Company.objects.filter(seller=seller).exists()
    return {
        "facts": sections_of(review_kind("company"), document_of(seller)) if has_company else [],
        "certification": certification_of(seller),
        "submissions": [(submission, review_kind(submission.kind).title) for submission in submissions_of(seller)],
        "accepted": accepted_by(seller),
    }
