"""Supervised deliveries of the market: operators review deliveries where agreed, and decide appeals."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.approvals.models import Request as Approval
from tradepost.market.base.errors import Refused
from tradepost.market.base.paging import Page
from tradepost.market.product_types.flows.contract import Party
from tradepost.market.supervision import queries
from tradepost.market.supervision.act import act as act_on
from tradepost.market.supervision.models import Appeal, Supervision
from tradepost.market.web import approving
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.approved_acts import DECIDE_DISPUTE
from tradepost.market.web.approved_commands import DecideDispute
from tradepost.market.web.pages import (
    Empty,
    Listing,
    ListQuery,
    moment,
    money,
    page_link,
    state,
    states,
    time_range,
)
from tradepost.market.web.pages.guards import operator_list
from tradepost.market.web.supervision_view import (
    clocks_now,
    document_of,
    submitted_act,
    submitted_values,
    supervision_context,
)

from .list_parts import LAYOUT, buyer_column


def _source(request: HttpRequest, query: ListQuery, after: str, size: int) -> Page[Supervision]:
    del request
    return queries.all_deliveries(status=query["status"], since=query.since, until=query.until, after=after, size=size)


LISTING: Listing[Supervision, Supervision] = Listing(
    name="console:supervisions",
    title=gettext_lazy("Deliveries"),
    layout=LAYOUT,
    source=_source,
    columns=(
        page_link(gettext_lazy("Product"), "line:product_name", "console:supervision", "pk"),
        buyer_column(),
        moment(gettext_lazy("Start time"), "opened_at"),
        money(gettext_lazy("Amount"), "line.amount"),
        state(gettext_lazy("State"), "supervision"),
    ),
    filters=(states("supervision", default=Supervision.Status.APPEALED), time_range()),
    empty=Empty(
        icon="truck-delivery",
        title=gettext_lazy("No deliveries to decide"),
        text=gettext_lazy(
            "Deliveries appear here when buyer and seller disagree. Choose another state to see the others."
        ),
    ),
    no_fit=Empty(
        icon="search", title=gettext_lazy("No deliveries found"), text=gettext_lazy("Try another state or time.")
    ),
    file="deliveries",
)
index = operator_list(LISTING)


def _supervision(pk: int) -> Supervision:
    supervision = queries.find_delivery(pk)
    if supervision is None:
        raise Http404
    return supervision


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, pk, None)


def _page(request: HttpRequest, pk: int, refused: Refused | None) -> HttpResponse:
    context = supervision_context(_supervision(pk), Party.OPERATOR, request, refused)
    context["decisions"] = Appeal.Decision.choices
    return render(request, "console/supervision.html", context)


def _run_act(request: HttpRequest, pk: int, change: Callable[[Supervision], object], message: str) -> HttpResponse:
    supervision = _supervision(pk)
    try:
        waits = change(supervision)
    except Refused as refused:
        return _page(request, pk, refused)
    if isinstance(waits, Approval):
        return approving.redirect_to_approval(request, waits)
    messages.success(request, message)
    return redirect("console:supervision", pk)


@operator_required
@require_POST
def act(request: HttpRequest, pk: int) -> HttpResponse:
    def do(supervision: Supervision) -> None:
        user, now = person(request), now_of(request)
        values = submitted_values(request, supervision, by=user, of_buyer=False, now=now)
        act_on(pk, Party.OPERATOR, submitted_act(request), values, by=user, clocks=clocks_now(), now=now)

    return _run_act(request, pk, do, _("Saved. Both parties can see it here."))


@operator_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    def do(_found: Supervision) -> Approval | None:
        decision = request.POST.get("decision", "")
        if decision not in Appeal.Decision.values:
            raise Refused("supervision.decision", _("Choose a decision."), field="decision")
        command = DecideDispute(supervision=pk, decision=decision, opinion=request.POST.get("opinion", ""))
        return approving.run(request, DECIDE_DISPUTE, command)

    return _run_act(request, pk, do, _("Decided. Both parties can see the reason."))


@operator_required
@require_safe
def document(_request: HttpRequest, pk: int, sha256: str) -> HttpResponse:
    return document_of(_supervision(pk), sha256)
