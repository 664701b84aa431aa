"""Licenses of all sellers: codes, and applications for machines. Machine licenses belong to their buyers and are not
shown."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from msgspec import Struct

from tradepost.market.base.paging import Page
from tradepost.market.licenses import lists
from tradepost.market.licenses.code_models import LicenseCode
from tradepost.market.licenses.lists import ListFilters
from tradepost.market.licenses.models import LicenseRequest
from tradepost.market.production import reasons
from tradepost.market.web.pages import (
    Empty,
    Link,
    Listing,
    ListQuery,
    copied,
    day,
    fragment,
    page_link,
    search,
    state,
    states,
    text,
    time_range,
)
from tradepost.market.web.pages.guards import operator_list
from tradepost.market.web.status import look

from .list_parts import LAYOUT, buyer_column, seller_column, seller_filter


def _filter(query: ListQuery) -> ListFilters:
    return ListFilters(
        status=query["status"], search=query["q"], seller=query["seller"], since=query.since, until=query.until
    )


def _codes(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[LicenseCode]:
    del request
    return lists.sold_codes(_filter(query), after=after, size=size)


CODES: Listing[LicenseCode, LicenseCode] = Listing(
    name="console:license_codes",
    title=_("Licenses"),
    intro=_("Authorisation codes that the market made for orders, and their states."),
    layout=LAYOUT,
    source=_codes,
    columns=(
        page_link(
            _("Service"), "subscription.product:name", "console:service", "subscription_id", under="code", css="c-cell"
        ),
        text(_("Code"), "code", on_page=False),
        buyer_column("subscription.buyer"),
        seller_column(),
        state(_("Code"), "license code", labelled=True),
        state(_("Service state"), "subscription", "subscription.status", labelled=True),
        day(_("Activated at"), "activated_at"),
        day(_("Queried at"), "queried_at"),
    ),
    filters=(
        search(_("Complete code"), label=_("Code")),
        states("license code"),
        seller_filter(),
        time_range(_("Issued")),
    ),
    empty=Empty(
        icon="license",
        title=_("No codes yet"),
        text=_("A code appears here when an order of a product with authorisation codes is paid."),
    ),
    no_fit=Empty(
        icon="search",
        title=_("No codes found"),
        text=_("Enter a complete code, or try another state, seller or time."),
    ),
    file="license-codes",
    links=(Link(words=_("Applications for machines"), page="console:license_requests", icon="license"),),
)
index = operator_list(CODES)


class ListedRequest(Struct, frozen=True):
    request: LicenseRequest
    why: str
    """The seller's answer as text, if the license was not delivered."""


def _requests(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[LicenseRequest]:
    del request
    return lists.requests(_filter(query), after=after, size=size)


def _with_reasons(request: HttpRequest, license_requests: list[LicenseRequest]) -> list[ListedRequest]:
    del request
    return [
        ListedRequest(request, reasons.title(request.verdict, protocol="license_online") if request.verdict else "")
        for request in license_requests
    ]


REQUESTS: Listing[LicenseRequest, ListedRequest] = Listing(
    name="console:license_requests",
    title=_("Applications for licenses"),
    intro=_(
        "Buyers' applications for machine licenses, and their states. The licenses themselves belong to the buyers."
    ),
    layout=LAYOUT,
    source=_requests,
    rows=_with_reasons,
    columns=(
        page_link(
            _("Service"),
            "request.subscription.product:name",
            "console:service",
            "request.subscription_id",
            css="c-cell",
        ),
        buyer_column("request.subscription.buyer"),
        seller_column("request.seller"),
        copied(_("eventId"), "request.event_id"),
        fragment(
            _("State"),
            lambda row: str(look("license request", row.request.status).label),
            "console/parts/license_state.html",
        ),
        text(_("Reason"), "why", on_page=False),
        day(_("Request made"), "request.asked_at"),
        day(_("Delivered at"), "request.delivered_at"),
    ),
    filters=(
        search(_("Complete eventId"), label=_("eventId")),
        states("license request"),
        seller_filter(),
        time_range(),
    ),
    empty=Empty(
        icon="license",
        title=_("No license applications yet"),
        text=_("An application appears here when a buyer applies for the license of a machine."),
    ),
    no_fit=Empty(
        icon="search",
        title=_("No license applications found"),
        text=_("Enter a complete eventId, or try another state, seller or time."),
    ),
    file="license-applications",
    links=(Link(words=_("Authorisation codes"), page="console:license_codes", icon="license"),),
)
requests = operator_list(REQUESTS)
