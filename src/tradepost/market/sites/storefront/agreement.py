"""Pages of agreements: the versions in force, those of a product, and those that a buyer has accepted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe
from msgspec import Struct

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page
from tradepost.market.catalog.models import Product
from tradepost.market.catalog.shelf_queries import product_with_agreement
from tradepost.market.identity.agreements import in_force, version_of
from tradepost.market.identity.company_models import Agreement
from tradepost.market.identity.consents import consents_of
from tradepost.market.orders import agreements as orders
from tradepost.market.orders.buyer_queries import buyer_order
from tradepost.market.orders.models import OrderLine
from tradepost.market.web.access import buyer_required, now_of, person
from tradepost.market.web.agreement_text import paragraphs, pay_time, terms_paragraphs
from tradepost.market.web.order_agreements import accepted_agreements
from tradepost.market.web.pages import Empty, Listing, ListQuery, moment, page_link, text, time_range, with_link
from tradepost.market.web.pages.guards import buyer_list


@require_safe
def agreement(request: HttpRequest, kind: str) -> HttpResponse:
    """Show the version in force, or an earlier one by its number. Accepted versions stay available."""
    number = whole_number(request.GET.get("version", ""))
    agreement = in_force(kind, now=now_of(request)) if number is None else version_of(kind, number)
    if agreement is None:
        if number is not None or kind not in Agreement.Kind:
            raise Http404
        return render(request, "storefront/agreement_missing.html", {"label": Agreement.Kind(kind).label})
    latest = in_force(kind, now=now_of(request))
    context = {
        "agreement": agreement,
        "paragraphs": paragraphs(agreement, pay_within=pay_time(config().orders.unpaid_timeout_minutes)),
        "latest": latest if latest and latest.number != agreement.number else None,
    }
    return render(request, "storefront/agreement.html", context)


@require_safe
def of_product(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the product service agreement that an order of this product accepts now."""
    product = product_with_agreement(slug)
    if product is None:
        raise Http404
    offered = agreements_for(request, product)
    service = version_of(offered.service.kind, offered.service.number)
    if service is None:
        raise Http404
    context = {
        "product": product,
        "seller": product.seller,
        "agreement": service,
        "paragraphs": paragraphs(service),
        "terms": terms_paragraphs(offered.terms),
    }
    return render(request, "storefront/service_agreement.html", context)


class AcceptedAgreement(Struct, frozen=True, kw_only=True):
    """An agreement accepted with an order. ``part``: its anchor on the page with the texts."""

    line: OrderLine
    agreement: Agreement
    part: str

    @property
    def url(self) -> str:
        return f"{reverse('storefront:order_agreements', args=[self.line.order.number])}#{self.part}"


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[OrderLine]:
    return orders.accepted_lines(person(request), within=query.within, after=after, size=size)


def _rows(request: HttpRequest, lines: list[OrderLine]) -> list[AcceptedAgreement]:
    """Return the service agreement of each product, if any, and the buyer agreement."""
    del request
    return [
        AcceptedAgreement(line=line, agreement=agreement, part=part)
        for line in lines
        for agreement, part in ((line.service_agreement, "publish"), (line.buyer_agreement, "buyer"))
        if agreement is not None
    ]


def _seller_and_product(row: AcceptedAgreement) -> str:
    return f"{localised_name(row.line, 'product_name')} · {localised_name(row.line.seller, 'name')}"


LISTING: Listing[OrderLine, AcceptedAgreement] = Listing(
    name="storefront:agreements",
    title=gettext_lazy("My agreements"),
    layout="storefront/layout.html",
    source=_source,
    rows=_rows,
    columns=(
        with_link(
            text(gettext_lazy("Agreement"), "agreement.get_kind_display", labelled=False),
            lambda row: row.url,
        ),
        text(gettext_lazy("Product"), _seller_and_product),
        text(gettext_lazy("Version"), "agreement.number"),
        moment(pgettext_lazy("agreement", "Accepted"), "line.agreed_at"),
        page_link(
            gettext_lazy("Order"), "line.order.number", "storefront:order", "line.order.number", css="tp-id tp-whole",
            labelled=True,
        ),
    ),
    empty=Empty(
        icon="file-invoice",
        title=gettext_lazy("No agreements yet"),
        text=gettext_lazy("The agreements that you accept with an order appear here."),
        action=gettext_lazy("Browse the store"),
        page="storefront:home",
    ),
    no_fit=Empty(icon="search", title=gettext_lazy("No agreements found"), text=gettext_lazy("Try another time.")),
    filters=(time_range(),),
    size=20,
    file="agreements",
    template="storefront/agreements.html",
    also=lambda request, _query: {"consents": consents_of(person(request))},
)  # fmt: skip
mine = buyer_list(LISTING)


@buyer_required
@require_safe
def of_order(request: HttpRequest, number: str) -> HttpResponse:
    order = buyer_order(person(request), number)
    accepted = accepted_agreements(order) if order else None
    if accepted is None:
        raise Http404
    return render(request, "storefront/order_agreements.html", {"order": order, "accepted": accepted})


def agreements_for(request: HttpRequest, product: Product) -> orders.Agreements:
    return orders.agreements_on_offer(product, pay_within=payment_timeout(), now=now_of(request))


def payment_timeout() -> timedelta:
    return timedelta(minutes=config().orders.unpaid_timeout_minutes)


def consent_context(request: HttpRequest, product: Product, refused: Refused | None) -> dict[str, Any]:
    """Return the context of ``parts/agree.html``. The tick is cleared if the texts have changed."""
    changed = refused is not None and refused.code == orders.CHANGED_CODE
    return {
        "agreed": request.POST.get("agreed") == "on" and not changed,
        "agreements": agreements_for(request, product),
    }


def submitted_stamp(request: HttpRequest) -> str:
    """Return the stamp of the agreements that the submitted form showed."""
    return request.POST.get("agreements", "")[:64]
