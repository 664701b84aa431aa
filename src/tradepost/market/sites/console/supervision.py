"""Supervised deliveries of the market; an operator looks at deliveries where that was agreed, and decides appeals."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.errors import Refused
from tradepost.market.product_types.flows.contract import Party
from tradepost.market.supervision import queries
from tradepost.market.supervision.act import act as act_on
from tradepost.market.supervision.appeal import decide as decide_on
from tradepost.market.supervision.models import Appeal, Supervision
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.status import vocabulary
from tradepost.market.web.supervision_view import act_of, clocks_now, context_of, document_of, said_in, status_of


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Those that an operator decides, unless another state is asked for."""
    status = request.GET.get("status", Supervision.Status.APPEALED.value)
    context = {
        "page": queries.of_all(status=status, after=request.GET.get("after", "")),
        "status": status,
        "states": vocabulary("supervision"),
    }
    return render(request, "console/supervisions.html", context)


def _found(pk: int) -> Supervision:
    found = queries.find(pk)
    if found is None:
        raise Http404
    return found


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, pk, None)


def _page(request: HttpRequest, pk: int, refused: Refused | None) -> HttpResponse:
    context = context_of(_found(pk), Party.OPERATOR, request, refused)
    context["decisions"] = Appeal.Decision.choices
    return render(request, "console/supervision.html", context, status=status_of(refused))


def _do(request: HttpRequest, pk: int, what: Callable[[Supervision], object], told: str) -> HttpResponse:
    found = _found(pk)
    try:
        what(found)
    except Refused as refused:
        return _page(request, pk, refused)
    messages.success(request, told)
    return redirect("console:supervision", pk)


@operator_required
@require_POST
def act(request: HttpRequest, pk: int) -> HttpResponse:
    def do(found: Supervision) -> None:
        user, now = person(request), now_of(request)
        said = said_in(request, found, by=user, of_buyer=False, now=now)
        act_on(pk, Party.OPERATOR, act_of(request), said, by=user, clocks=clocks_now(), now=now)

    return _do(request, pk, do, _("Done. Both sides see it here."))


@operator_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    def do(_found: Supervision) -> None:
        try:
            decision = Appeal.Decision(request.POST.get("decision", ""))
        except ValueError:
            raise Refused("supervision.decision", _("Choose what you decide."), field="decision") from None
        decide_on(
            pk, decision, request.POST.get("opinion", ""), by=person(request), clocks=clocks_now(), now=now_of(request)
        )

    return _do(request, pk, do, _("Decided. Both sides read why."))


@operator_required
@require_safe
def document(_request: HttpRequest, pk: int, sha256: str) -> HttpResponse:
    return document_of(_found(pk), sha256)
