"""Operations of all sellers, stopped ones first; detail page with calls, Restart and refund."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.paging import Page
from tradepost.market.fulfilment import operator_queries, pay_back
from tradepost.market.fulfilment import restart as verb
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.operator_queries import OperationFilter
from tradepost.market.fulfilment.waiting import ShownOperation
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.operations import events_of, failure_reason, target_facts, title_of
from tradepost.market.web.pages import (
    Empty,
    Listing,
    ListQuery,
    fragment,
    moment,
    page_link,
    search,
    tabs,
    text,
    time_range,
)
from tradepost.market.web.pages.guards import operator_list
from tradepost.market.web.status import look

from .attempts import described_attempts
from .list_parts import LAYOUT, seller_column, seller_filter
from .orders import RefundForm, refund_context

TABS = (
    ("stopped", pgettext_lazy("operations", "Stopped")),
    ("open", pgettext_lazy("operations", "Not ended")),
    ("ended", pgettext_lazy("operations", "Ended")),
)


class ListedOperation(Struct, frozen=True):
    operation: Operation
    title: str | Promise
    described: dict[str, Any]
    now: datetime


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[ShownOperation]:
    del request
    filters = OperationFilter(
        state=query["show"], seller=query["seller"], search=query["q"], since=query.since, until=query.until
    )
    return operator_queries.all_operations(filters, after=after, size=size)


def _rows(request: HttpRequest, operations: list[ShownOperation]) -> list[ListedOperation]:
    now = now_of(request)
    return [
        ListedOperation(operation.operation, title_of(operation.operation), operation_context(operation), now)
        for operation in operations
    ]


def _empty_context(request: HttpRequest, query: ListQuery) -> dict[str, Empty]:
    del request
    return {} if query.narrowed or query["show"] == "stopped" else {"nothing": NO_OPERATIONS}


NO_OPERATIONS = Empty(
    icon="list-details",
    title=gettext_lazy("No operations yet"),
    text=gettext_lazy("Each paid order, renewal, freeze and release of a service appears here."),
)
LISTING: Listing[ShownOperation, ListedOperation] = Listing(
    name="console:operations",
    title=gettext_lazy("Operations"),
    intro=gettext_lazy(
        "Operations open, renew, freeze and release the services of buyers. Stopped operations stay here until someone resolves them."
    ),
    layout=LAYOUT,
    source=_source,
    rows=_rows,
    columns=(
        page_link(
            gettext_lazy("Operation"), "title", "console:operation", "operation.pk", under="operation.created_at"
        ),
        moment(gettext_lazy("Created"), "operation.created_at", on_page=False),
        fragment(
            gettext_lazy("Service and buyer"),
            "operation.subscription.product:name",
            "console/parts/operation_service.html",
            css="c-cell",
            labelled=False,
        ),
        text(gettext_lazy("Buyer"), "operation.subscription.buyer.email", on_page=False),
        text(gettext_lazy("Order"), "operation.line.order.number", on_page=False),
        seller_column("operation.seller"),
        fragment(
            gettext_lazy("State"),
            lambda row: str(look("operation", row.operation.status).label),
            "console/parts/operation_state.html",
            css="c-cell",
            labelled=False,
        ),
    ),
    filters=(
        tabs(lambda _request: TABS, default="stopped"),
        search(gettext_lazy("Order, order line or instance")),
        seller_filter(),
        time_range(),
    ),
    empty=Empty(
        icon="circle-check",
        title=gettext_lazy("No stopped operations"),
        text=gettext_lazy(
            "Operations appear here when a seller does not complete them in time and they cannot be refunded "
            "automatically."
        ),
    ),
    no_fit=Empty(
        icon="search",
        title=gettext_lazy("No operations found"),
        text=gettext_lazy(
            "Enter a complete order or instance number, try another time, or search the ended operations."
        ),
    ),
    file="operations",
    also=_empty_context,
)
index = operator_list(LISTING)


def operation_context(shown: ShownOperation) -> dict[str, Any]:
    operation = shown.operation
    return {
        "operation": operation,
        "title": title_of(operation),
        "service": operation.subscription,
        "waiting": shown.waiting,
        "behind": [(operation.pk, title_of(operation)) for operation in shown.waiting.behind] if shown.waiting else [],
        "why": failure_reason(operation),
    }


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _operation(pk))


@operator_required
@require_POST
def restart(request: HttpRequest, pk: int) -> HttpResponse:
    details = _operation(pk)
    try:
        verb.restart(details.operation, actor=person(request).email, now=now_of(request))
    except Refused as refused:
        return _page(request, details, refused)
    messages.success(request, _("Restarted. The call is made when its turn comes."))
    return redirect("console:operation", pk)


def _operation(pk: int) -> ShownOperation:
    details = operator_queries.find_operation(pk)
    if details is None:
        raise Http404
    return details


def _page(request: HttpRequest, details: ShownOperation, refused: Refused | None = None) -> HttpResponse:
    operation = details.operation
    order = operation.line.order if operation.line else None
    context = {
        "one": operation_context(details),
        "order": order,
        "refused": refused,
        "may_restart": verb.may_restart(operation),
        "may_pay_back": order is not None and pay_back.may_refund(order),
        "form": RefundForm(),
        **refund_context(operation.subscription.product.product_type if operation.subscription else ""),
        "wanted": target_facts(operation),
        "calls": list(_calls(details)),
        "events": events_of(operation, actors=True),
    }
    return render(request, "console/operation.html", context)


def _calls(details: ShownOperation) -> Iterator[tuple[object, object]]:
    for call in operator_queries.calls_of(details.operation):
        yield call, list(described_attempts(call))
