"""Usage in the console: collections, charges, and buyers in arrears."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe

from tradepost.market.base.money_words import format_money
from tradepost.market.base.numbers import whole_number
from tradepost.market.base.paging import Page
from tradepost.market.billing.operator_queries import (
    ArrearsWithDebt,
    CollectionCharges,
    buyers_in_arrears,
    collections,
    next_collections,
)
from tradepost.market.billing.queries import charge_by_operator, charges_by_operator, explain, records_of
from tradepost.market.identity.models import User
from tradepost.market.invoices.queries import invoice_before_refund
from tradepost.market.metering.models import Cycle
from tradepost.market.metering.seller_queries import units
from tradepost.market.web.access import operator_required
from tradepost.market.web.charges import charges_filter
from tradepost.market.web.pages import (
    Empty,
    Link,
    Listing,
    ListQuery,
    choice,
    fragment,
    moment,
    money,
    number,
    page_link,
    text,
    time_range,
    with_link,
)
from tradepost.market.web.pages.guards import operator_list

from .list_parts import LAYOUT


def _collections(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[CollectionCharges]:
    del request
    return collections(cycle=query["cycle"], since=query.since, until=query.until, after=after, size=size)


def _next_collections(request: HttpRequest) -> str:
    """Return the times of the next collections."""
    del request
    cycles = [(Cycle(key).label, due_at) for key, due_at in next_collections() if key in Cycle.values]
    return render_to_string("console/parts/next_collections.html", {"next": cycles})


def _charging(row: CollectionCharges) -> str:
    return str(_("Failed, will be retried") if row.error else _("Being charged") if row.left else _("Done"))


LISTING: Listing[CollectionCharges, CollectionCharges] = Listing(
    name="console:usage",
    title=gettext_lazy("Usage collections"),
    intro=_next_collections,
    layout=LAYOUT,
    source=_collections,
    columns=(
        moment(pgettext_lazy("usage", "Closed"), "collection.closed_at", labelled=False),
        text(gettext_lazy("Charged"), "collection.get_cycle_display"),
        number(gettext_lazy("Charges"), "charges"),
        fragment(
            gettext_lazy("Amount"),
            lambda row: ", ".join(format_money(amount) for amount in row.amounts),
            "console/parts/amounts.html",
            css="tp-num",
            numeric=True,
        ),
        fragment(gettext_lazy("State"), _charging, "console/parts/collection_state.html"),
    ),
    filters=(choice("cycle", gettext_lazy("Charged"), Cycle.choices), time_range()),
    empty=Empty(
        icon="chart-bar",
        title=gettext_lazy("No usage was collected yet"),
        text=gettext_lazy(
            "Usage that sellers report for pay-as-you-go services is collected each hour, day and month."
        ),
    ),
    no_fit=Empty(
        icon="search", title=gettext_lazy("No collections found"), text=gettext_lazy("Try another cycle or time.")
    ),
    file="usage-collections",
    links=(
        Link(words=pgettext_lazy("usage", "Charges"), page="console:charges", icon="receipt"),
        Link(words=gettext_lazy("Buyers in arrears"), page="console:arrears", icon="wallet"),
    ),
)
index = operator_list(LISTING)


def _in_arrears(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[ArrearsWithDebt]:
    del request
    return buyers_in_arrears(since=query.since, until=query.until, after=after, size=size)


def _charges_of(row: ArrearsWithDebt) -> str:
    return f"{reverse('console:charges')}?buyer={row.arrears.buyer_id}"


COLLECTIONS_LINK = Link(words=gettext_lazy("Usage collections"), page="console:usage")
ARREARS: Listing[ArrearsWithDebt, ArrearsWithDebt] = Listing(
    name="console:arrears",
    title=gettext_lazy("Owed for usage"),
    up=COLLECTIONS_LINK,
    layout=LAYOUT,
    source=_in_arrears,
    columns=(
        page_link(
            gettext_lazy("Buyer"), "arrears.buyer.email", "console:account", "arrears.buyer_id", under="arrears.level"
        ),
        with_link(money(gettext_lazy("Owed"), "owed"), _charges_of),
        moment(gettext_lazy("Since"), "arrears.began_at"),
        moment(gettext_lazy("Frozen from"), "arrears.freezes_at"),
        moment(gettext_lazy("Deleted from"), "arrears.releases_at"),
        text(gettext_lazy("State"), "arrears.get_status_display"),
    ),
    filters=(time_range(gettext_lazy("Since")),),
    empty=Empty(
        icon="circle-check",
        title=gettext_lazy("No buyers in arrears"),
        text=gettext_lazy("Buyers appear here when their balance does not cover their usage."),
    ),
    no_fit=Empty(icon="search", title=gettext_lazy("No arrears found"), text=gettext_lazy("Try another time.")),
    file="arrears",
)
owing = operator_list(ARREARS)


@operator_required
@require_safe
def charges(request: HttpRequest) -> HttpResponse:
    """List the charges by day: of all buyers, of one, or of one service and month."""
    buyer_id = whole_number(request.GET.get("buyer", ""))
    buyer = User.objects.filter(pk=buyer_id).first() if buyer_id is not None else None
    filters = charges_filter(request)
    charge_page = charges_by_operator(filters, buyer=buyer.pk if buyer else None, after=request.GET.get("after", ""))
    context = {"page": charge_page, "buyer": buyer, "asked": filters}
    return render(request, "console/charges.html", context)


@operator_required
@require_safe
def charge(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the calculation of a charge with its records and pushes."""
    charge = charge_by_operator(pk)
    if charge is None:
        raise Http404
    listed = records_of(charge, after=request.GET.get("after", ""))
    context = {
        "charge": charge,
        "explained": explain(charge),
        "page": listed,
        "rows": [(record, units(record.sign * record.quantity)) for record in listed.rows],
        "invoice": invoice_before_refund(charge),
    }
    return render(request, "console/charge.html", context)
