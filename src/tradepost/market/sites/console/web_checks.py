"""Web checks of all sellers: runs, and reports with the site's contact (business-rules §2.7)."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.paging import Page
from tradepost.market.review.appeals import last_appeal
from tradepost.market.web.access import operator_required
from tradepost.market.web.pages import (
    Empty,
    Link,
    Listing,
    ListQuery,
    choice,
    moment,
    number,
    page_link,
    state,
    time_range,
)
from tradepost.market.web.pages.guards import operator_list
from tradepost.market.web.status import state_choices
from tradepost.market.web_scan import queries
from tradepost.market.web_scan.models import WebScan
from tradepost.market.web_scan.queries import ScanFilter
from tradepost.market.web_scan.report import report_of

from .list_parts import LAYOUT, seller_column


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[WebScan]:
    del request
    filters = ScanFilter(status=query["status"], seller=query["seller"], since=query.since, until=query.until)
    return queries.scans(filters, after=after, size=size)


def _sellers(request: HttpRequest) -> list[tuple[str, str]]:
    del request
    return [(str(seller.pk), localised_name(seller, "name")) for seller in queries.sellers_with_tasks()]


def _severe_count(run: WebScan) -> int | None:
    """Return the number of severe findings of a finished run."""
    # annotated by the query
    return run.high if run.status == WebScan.Status.DONE else None  # type: ignore[attr-defined]


LISTING: Listing[WebScan, WebScan] = Listing(
    name="console:web_checks",
    title=_("Web checks"),
    intro=_("Appeals against these checks are listed under Reviews."),
    layout=LAYOUT,
    source=_source,
    columns=(
        page_link(_("Web site"), "url", "console:web_check", "pk", css="c-cell"),
        seller_column(),
        state(_("Status"), "web check"),
        moment(_("Start time"), "started_at"),
        number(_("High"), _severe_count),
    ),
    filters=(
        choice("status", _("Status"), lambda _request: state_choices("web check")),
        choice("seller", _("Seller"), _sellers),
        time_range(),
    ),
    empty=Empty(
        icon="shield-check",
        title=_("No web checks yet"),
        text=_("Web checks appear here when a seller checks a website."),
    ),
    no_fit=Empty(icon="search", title=_("No web checks found"), text=_("Try another status, seller or time.")),
    file="web-checks",
    links=(Link(words=_("Appeals"), page="console:reviews", query="?kind=appeal", icon="shield-check"),),
)
index = operator_list(LISTING)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    run = queries.find_any_scan(pk)
    if run is None:
        raise Http404
    context = {
        "run": run,
        "report": report_of(run),
        "appeal": last_appeal(run),
        "history": queries.history_of(run.task),
    }
    return render(request, "console/web_check.html", context)
