"""Operations: what is being done to whose service, why it waits, what stopped; and Restart."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.errors import Refused
from tradepost.market.base.paging import Page
from tradepost.market.fulfilment import restart as verb
from tradepost.market.fulfilment import seller_queries
from tradepost.market.fulfilment.seller_queries import OperationFilter
from tradepost.market.fulfilment.waiting import ShownOperation, Why
from tradepost.market.identity.menus import Menu
from tradepost.market.orders.seller_queries import buyer_name
from tradepost.market.web.operations import events_of, title_of, wanted_facts, why

from .frame import SellerRequest, found, may_change, seller_page, show
from .messages import last_result

TABS = (
    ("open", pgettext_lazy("operations", "Not ended")),
    ("stopped", pgettext_lazy("operations", "Stopped")),
    ("ended", pgettext_lazy("operations", "Ended")),
)
SOON = timedelta(seconds=15)
"""What goes on within this time is watched live."""


@require_safe
@seller_page(menu=Menu.TRADE)
def operations(request: SellerRequest) -> HttpResponse:
    asked = OperationFilter(state=request.GET.get("show", "open"), search=request.GET.get("q", "").strip()[:64])
    rows = seller_queries.seller_operations(request.seller, asked, after=request.GET.get("after", ""))
    return show(
        request,
        "seller_center/operations.html",
        page=Page(described(request, rows), rows.next_key),
        asked=asked,
        tabs=TABS,
    )


def described(request: SellerRequest, rows: Page[ShownOperation]) -> list[dict[str, Any]]:
    return [_described(request, one) for one in rows.rows]


def _described(request: SellerRequest, shown: ShownOperation) -> dict[str, Any]:
    operation, service = shown.operation, shown.operation.subscription
    return {
        "operation": operation,
        "title": title_of(operation),
        "service": service,
        "buyer": buyer_name(service.buyer) if service else "",
        "waiting": shown.waiting,
        "behind": [(one.pk, title_of(one)) for one in shown.waiting.behind] if shown.waiting else [],
        "why": why(operation),
        "may_restart": may_change(request) and operation.task_id is None and verb.may_restart(operation),
    }


@require_safe
@seller_page(menu=Menu.TRADE)
def operation(request: SellerRequest, pk: int) -> HttpResponse:
    return _page(request, found(seller_queries.find_operation(request.seller, pk)))


@require_POST
@seller_page(menu=Menu.TRADE)
def restart(request: SellerRequest, pk: int) -> HttpResponse:
    own = found(seller_queries.find_operation(request.seller, pk))
    try:
        verb.restart(own.operation, actor=request.user.email, now=request.now)
    except Refused as refused:
        return _page(request, own, refused=refused)
    messages.success(request, _("Restarted: this page follows it."))
    return redirect("seller_center:operation", pk=pk)


def _page(request: SellerRequest, shown: ShownOperation, *, refused: Refused | None = None) -> HttpResponse:
    calls = [(call, last_result(call)) for call in seller_queries.calls_of(shown.operation)]
    return show(
        request,
        "seller_center/operation.html",
        status=HTTPStatus(refused.status) if refused else HTTPStatus.OK,
        one=_described(request, shown),
        refused=refused,
        calls=calls,
        wanted=wanted_facts(shown.operation),
        events=events_of(shown.operation, actors=False),
        live=is_live(request, shown),
    )


def is_live(request: SellerRequest, shown: ShownOperation) -> bool:
    """Whether it is worth while to look again in a moment."""
    waiting = shown.waiting
    if waiting is None or waiting.why in {Why.CODE, Why.PEOPLE}:
        return False
    if waiting.why in {Why.ASKED, Why.ANSWERED, Why.BEHIND, Why.BUSY}:
        return True
    return waiting.at is None or waiting.at <= request.now + SOON
