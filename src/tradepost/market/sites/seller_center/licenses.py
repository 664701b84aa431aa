"""Licenses of the seller: codes with their usage, applications for machines, and test codes (saas-v1-license §B2, §B3,
business-rules §2.5)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page
from tradepost.market.catalog.models import Product
from tradepost.market.identity.menus import Menu
from tradepost.market.licenses import lists
from tradepost.market.licenses.code_models import LicenseCode
from tradepost.market.licenses.code_status import license_status
from tradepost.market.licenses.codes import issue_test
from tradepost.market.licenses.lists import ListFilters
from tradepost.market.licenses.models import LicenseRequest
from tradepost.market.licenses.software_usage import by_day
from tradepost.market.orders.seller_queries import buyer_name
from tradepost.market.production import reasons
from tradepost.market.web.pages import (
    Empty,
    Listing,
    ListQuery,
    copied,
    day,
    fragment,
    moment,
    page_link,
    require_choice,
    search,
    state,
    states,
    text,
    time_range,
)

from .frame import SellerRequest, or_404, products_of, seller_list, seller_page, show, show_refused

CHART_DAYS = 60


def _list_filters(query: ListQuery) -> ListFilters:
    return ListFilters(
        status=query["status"][:16], search=query["q"].replace("\x00", ""), since=query.since, until=query.until
    )


CODES: Listing[LicenseCode, LicenseCode] = Listing(
    name="seller_center:license_codes",
    title=gettext_lazy("Licenses"),
    intro=gettext_lazy(
        "The market issues a code for each order of a product that is delivered by codes. Your software activates the code and checks it when it is first used on a day."
    ),
    layout="seller_center/layout.html",
    template="seller_center/license_list.html",
    source=lambda request, query, after, size: lists.sold_codes(
        _list_filters(query), seller=request.seller, after=after, size=size
    ),
    columns=(
        page_link(gettext_lazy("Code"), "code", "seller_center:license_code", "pk", css="tp-id"),
        text(gettext_lazy("Product"), "subscription.product:name"),
        state(gettext_lazy("State"), "license code"),
        state(gettext_lazy("Service"), "subscription", "subscription.status", labelled=True),
        day(gettext_lazy("Paid until"), "subscription.expires_at"),
        moment(gettext_lazy("Last check"), "queried_at"),
    ),
    filters=(search(gettext_lazy("Complete code")), states("license code"), time_range()),
    empty=Empty(
        icon="license",
        title=gettext_lazy("No codes"),
        text=gettext_lazy("A code appears here when an order of such a product is paid."),
    ),
    no_fit=Empty(
        icon="search",
        title=gettext_lazy("No codes found"),
        text=gettext_lazy("Enter the complete code, or try another state."),
        action=gettext_lazy("Show all codes"),
        page="seller_center:license_codes",
    ),
    file="license-codes",
)
codes = seller_list(CODES, menu=Menu.TRADE)


def _verdict(license_request: LicenseRequest) -> str:
    return reasons.title(license_request.verdict, protocol="license_online") if license_request.verdict else ""


REQUESTS: Listing[LicenseRequest, LicenseRequest] = Listing(
    name="seller_center:license_requests",
    title=gettext_lazy("Licenses"),
    intro=gettext_lazy(
        "When a buyer applies for the license of a machine, the market calls getLicenseAsync. If your server answers 000004, upload the license later under its eventId."
    ),
    layout="seller_center/layout.html",
    template="seller_center/license_list.html",
    source=lambda request, query, after, size: lists.requests(
        _list_filters(query), seller=request.seller, after=after, size=size
    ),
    columns=(
        copied(gettext_lazy("eventId"), "event_id", labelled=False),
        page_link(
            gettext_lazy("Product"),
            "subscription.product:name",
            "seller_center:order",
            "subscription.order_line_number",
            labelled=True,
        ),
        text(gettext_lazy("Fingerprint"), "fingerprint", css="text-break"),
        state(gettext_lazy("State"), "license request", under=_verdict),
        moment(gettext_lazy("Requested at"), "asked_at"),
        fragment(gettext_lazy("Delivered at"), "delivered_at", "seller_center/parts/license_delivered.html"),
    ),
    filters=(search(gettext_lazy("Complete eventId")), states("license request"), time_range()),
    empty=Empty(
        icon="license",
        title=gettext_lazy("No applications"),
        text=gettext_lazy("An application appears here when a buyer applies for the license of a machine."),
    ),
    no_fit=Empty(
        icon="search",
        title=gettext_lazy("No applications found"),
        text=gettext_lazy("Enter the complete eventId, or try another state."),
        action=gettext_lazy("Show all applications"),
        page="seller_center:license_requests",
    ),
    file="license-requests",
)
requests = seller_list(REQUESTS, menu=Menu.TRADE)


@require_safe
@seller_page(menu=Menu.TRADE)
def code(request: SellerRequest, pk: int) -> HttpResponse:
    license_code = or_404(lists.code_of_seller(request.seller, pk))
    service = license_code.subscription
    return show(
        request, "seller_center/license_code.html", code=license_code, held=service,
        days=by_day(license_code, days=CHART_DAYS),
        said=license_status(license_code.status, service.status if service else None),
        buyer=buyer_name(service.buyer) if service else "",
    )  # fmt: skip


def _test_codes(request: SellerRequest, query: ListQuery, after: str, size: int) -> Page[LicenseCode]:
    del query
    return lists.codes_of_tests(products_of(request), request.seller, after=after, size=size)


def _products_context(request: SellerRequest, query: ListQuery) -> dict[str, Any]:
    """Return the products delivered by codes; without one, the list explains that first."""
    del query
    products = lists.products_with_codes(products_of(request))
    return {"products": products, "refused": None, **({} if products else {"nothing": NO_PRODUCTS})}


NO_PRODUCTS = Empty(
    icon="license",
    title=gettext_lazy("No products delivered by codes"),
    text=gettext_lazy("Create a product of the type “License, authorisation code”, then create its test codes here."),
    action=gettext_lazy("My products"),
    page="seller_center:products",
)
TESTS: Listing[LicenseCode, LicenseCode] = Listing(
    name="seller_center:license_tests",
    title=gettext_lazy("Test codes"),
    intro=gettext_lazy(
        "Before you can submit a product delivered by codes, your software must activate and then query a test code with your access key."
    ),
    layout="seller_center/layout.html",
    template="seller_center/license_tests.html",
    source=_test_codes,
    columns=(
        copied(gettext_lazy("Code"), "code", labelled=False),
        text(gettext_lazy("Product"), "product:name"),
        moment(gettext_lazy("Made"), "issued_at"),
        moment(gettext_lazy("Activated at"), "activated_at"),
        moment(gettext_lazy("Last queried"), "queried_at"),
    ),
    empty=Empty(
        icon="license",
        title=gettext_lazy("No test codes yet"),
        text=gettext_lazy("Create one above and activate it in your software."),
    ),
    size=lists.PAGE,
    also=_products_context,
)


def _create_test_code(request: SellerRequest) -> HttpResponse:
    """Create a test code for the seller's own software."""
    try:
        issue_test(require_choice(_own_product(request)), now=request.now)
    except Refused as refused:
        return show_refused(request, TESTS, refused)
    messages.success(request, _("The test code was created. Activate and query it in your software."))
    return redirect("seller_center:license_tests")


tests = seller_list(TESTS, menu=Menu.TOOLS, post=_create_test_code)


def _own_product(request: SellerRequest) -> Product | None:
    """Return a product of the seller that this member may see."""
    return products_of(request).filter(pk=whole_number(request.POST.get("product", "")) or 0).first()
