"""Operations on services: current step, reason to wait or stop, and Restart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.paging import Page
from tradepost.market.fulfilment import restart as verb
from tradepost.market.fulfilment import seller_queries
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.seller_queries import OperationFilter
from tradepost.market.fulfilment.waiting import ShownOperation, Waiting, WaitReason
from tradepost.market.identity.menus import Menu
from tradepost.market.orders.seller_queries import buyer_name
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.operations import FailureReason, events_of, failure_reason, target_facts, title_of
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
from tradepost.market.web.status import look

from .frame import SellerRequest, may_change, or_404, seller_list, seller_page, show
from .messages import last_result

TABS = (
    ("open", pgettext_lazy("operations", "Not ended")),
    ("stopped", pgettext_lazy("operations", "Stopped")),
    ("ended", pgettext_lazy("operations", "Ended")),
)
LIVE_PERIOD = timedelta(seconds=15)
"""An operation that continues within this time is polled."""


class OperationRow(Struct, frozen=True, kw_only=True):
    """An operation for its page. ``behind``: keys and titles of operations that it waits for."""

    operation: Operation
    title: str | Promise
    service: Subscription | None
    buyer: str
    waiting: Waiting | None
    behind: Sequence[tuple[int, str | Promise]]
    why: FailureReason | None
    may_restart: bool
    now: datetime


def _source(request: SellerRequest, query: ListQuery, after: str, size: int) -> Page[ShownOperation]:
    filters = OperationFilter(state=query["show"], search=query["q"], since=query.since, until=query.until)
    return seller_queries.seller_operations(request.seller, filters, after=after, size=size)


def _rows(request: SellerRequest, operations: list[ShownOperation]) -> list[OperationRow]:
    return [_operation_row(request, operation) for operation in operations]


def _operation_row(request: SellerRequest, shown_operation: ShownOperation) -> OperationRow:
    operation, service = shown_operation.operation, shown_operation.operation.subscription
    return OperationRow(
        operation=operation,
        title=title_of(operation),
        service=service,
        buyer=buyer_name(service.buyer) if service else "",
        waiting=shown_operation.waiting,
        behind=[(operation.pk, title_of(operation)) for operation in shown_operation.waiting.behind]
        if shown_operation.waiting
        else [],
        why=failure_reason(operation),
        may_restart=may_change(request) and operation.task_id is None and verb.may_restart(operation),
        now=request.now,
    )


def _empty_context(request: SellerRequest, query: ListQuery) -> dict[str, Empty]:
    del request
    return {"nothing": EMPTY_TABS[query["show"]]} if not query.narrowed and query["show"] in EMPTY_TABS else {}


EMPTY_TABS = {
    "stopped": Empty(
        icon="circle-check",
        title=gettext_lazy("No stopped operations"),
        text=gettext_lazy("Operations that your server does not complete in time stop here until you restart them."),
    ),
    "ended": Empty(
        icon="list-details",
        title=gettext_lazy("No ended operations yet"),
        text=gettext_lazy("Finished operations for orders, renewals and ended services stay here."),
    ),
}
LISTING: Listing[ShownOperation, OperationRow] = Listing(
    name="seller_center:operations",
    title=gettext_lazy("Operations"),
    intro=gettext_lazy(
        "Operations on your buyers' services. Each service has one operation at a time; the others wait in order."
    ),
    layout="seller_center/layout.html",
    template="seller_center/operations.html",
    source=_source,
    rows=_rows,
    columns=(
        page_link(
            gettext_lazy("Operation"), "title", "seller_center:operation", "operation.pk", under="operation.created_at"
        ),
        fragment(
            gettext_lazy("Service"), "service.product:name", "seller_center/parts/operation_service.html", labelled=False,
            css="sc-service",
        ),
        text(gettext_lazy("Buyer"), "buyer", on_page=False),
        text(gettext_lazy("Order line"), "operation.line.number", on_page=False),
        fragment(
            gettext_lazy("State"), lambda row: str(look("operation", row.operation.status).label),
            "seller_center/parts/operation_state.html", labelled=False, css="sc-why",
        ),
        moment(gettext_lazy("Started"), "operation.created_at", on_page=False),
        moment(gettext_lazy("Ended"), "operation.ended_at", on_page=False),
    ),
    filters=(
        tabs(lambda _request: TABS, default="open"),
        search(gettext_lazy("instanceId, orderLineId or orderId")),
        time_range(),
    ),
    empty=Empty(
        icon="circle-check",
        title=gettext_lazy("No operations in progress"),
        text=gettext_lazy("Paid orders, renewals, freezes and releases appear here until they are complete."),
    ),
    no_fit=Empty(
        icon="search",
        title=gettext_lazy("No operations found"),
        text=gettext_lazy("Enter a complete instanceId, orderLineId or orderId. Ended operations are also searched."),
        action=gettext_lazy("Show all"),
        page="seller_center:operations",
    ),
    file="operations",
    also=_empty_context,
)  # fmt: skip
operations = seller_list(LISTING, menu=Menu.TRADE)


@require_safe
@seller_page(menu=Menu.TRADE)
def operation(request: SellerRequest, pk: int) -> HttpResponse:
    return _page(request, or_404(seller_queries.find_operation(request.seller, pk)))


@require_POST
@seller_page(menu=Menu.TRADE)
def restart(request: SellerRequest, pk: int) -> HttpResponse:
    own = or_404(seller_queries.find_operation(request.seller, pk))
    try:
        verb.restart(own.operation, actor=request.user.email, now=request.now)
    except Refused as refused:
        return _page(request, own, refused=refused)
    messages.success(request, _("Restarted. This page updates automatically."))
    return redirect("seller_center:operation", pk=pk)


def _page(request: SellerRequest, shown_operation: ShownOperation, *, refused: Refused | None = None) -> HttpResponse:
    calls = [(call, last_result(call)) for call in seller_queries.calls_of(shown_operation.operation)]
    return show(
        request,
        "seller_center/operation.html",
        one=_operation_row(request, shown_operation),
        refused=refused,
        calls=calls,
        wanted=target_facts(shown_operation.operation),
        events=events_of(shown_operation.operation, actors=False),
        live=is_live(request, shown_operation),
    )


def is_live(request: SellerRequest, shown: ShownOperation) -> bool:
    """Return whether the page should be polled."""
    waiting = shown.waiting
    if waiting is None or waiting.why in {WaitReason.CODE, WaitReason.PEOPLE}:
        return False
    if waiting.why in {WaitReason.ASKED, WaitReason.ANSWERED, WaitReason.BEHIND, WaitReason.BUSY}:
        return True
    return waiting.at is None or waiting.at <= request.now + LIVE_PERIOD
