"""Operations of every seller, the stopped ones first; one with all that was asked for it, Restart and Pay back."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment import operator_queries, pay_back
from tradepost.market.fulfilment import restart as verb
from tradepost.market.fulfilment.operator_queries import OperationFilter
from tradepost.market.fulfilment.waiting import ShownOperation
from tradepost.market.production import operator_queries as engine
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.operations import events_of, title_of, wanted_facts, why
from tradepost.market.web.templatetags.ui import loc

from .attempts import tries_of
from .orders import PayBackForm, delivered_by

TABS = (
    ("stopped", pgettext_lazy("operations", "Stopped")),
    ("open", pgettext_lazy("operations", "Not ended")),
    ("ended", pgettext_lazy("operations", "Ended")),
)


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    get = request.GET
    asked = OperationFilter(
        state=get.get("show", "stopped"), seller=get.get("seller", ""), search=get.get("q", "").strip()[:64]
    )
    found = operator_queries.all_operations(asked, after=get.get("after", ""))
    context = {
        "page": found, "asked": asked, "tabs": TABS, "rows": [described(one) for one in found.rows],
        "sellers": [(str(seller.pk), loc(seller, "name")) for seller in engine.sellers_for_filter()],
    }  # fmt: skip
    return render(request, "console/operations.html", context)


def described(shown: ShownOperation) -> dict[str, Any]:
    operation = shown.operation
    return {
        "operation": operation,
        "title": title_of(operation),
        "service": operation.subscription,
        "waiting": shown.waiting,
        "behind": [(one.pk, title_of(one)) for one in shown.waiting.behind] if shown.waiting else [],
        "why": why(operation),
    }


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _found(pk))


@operator_required
@require_POST
def restart(request: HttpRequest, pk: int) -> HttpResponse:
    shown = _found(pk)
    try:
        verb.restart(shown.operation, actor=person(request).email, now=now_of(request))
    except Refused as refused:
        return _page(request, shown, refused)
    messages.success(request, _("Restarted: its call is made as soon as the lane is free."))
    return redirect("console:operation", pk)


def _found(pk: int) -> ShownOperation:
    shown = operator_queries.find_operation(pk)
    if shown is None:
        raise Http404
    return shown


def _page(request: HttpRequest, shown: ShownOperation, refused: Refused | None = None) -> HttpResponse:
    operation = shown.operation
    order = operation.line.order if operation.line else None
    context = {
        "one": described(shown),
        "order": order,
        "refused": refused,
        "may_restart": verb.may_restart(operation),
        "may_pay_back": order is not None and pay_back.may_pay_back(order),
        "form": PayBackForm(),
        **delivered_by(operation.subscription.product.product_type if operation.subscription else ""),
        "wanted": wanted_facts(operation),
        "calls": list(_calls(shown)),
        "events": events_of(operation, actors=True),
    }
    status = HTTPStatus(refused.status) if refused else HTTPStatus.OK
    return render(request, "console/operation.html", context, status=status)


def _calls(shown: ShownOperation) -> Iterator[tuple[object, object]]:
    for call in operator_queries.calls_of(shown.operation):
        yield call, list(tries_of(call))
