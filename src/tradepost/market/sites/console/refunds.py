"""Refunds of the market; an operator decides those that a seller did not answer."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.errors import IllegalTransition, Refused
from tradepost.market.fulfilment.unsubscribe import agree
from tradepost.market.orders import refund_requests
from tradepost.market.orders.refund_models import Refund
from tradepost.market.orders.refund_queries import all_refunds, find_refund
from tradepost.market.orders.refund_requests import Decision
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.refund_events import refund_events
from tradepost.market.web.refund_rules import rules_now
from tradepost.market.web.status import vocabulary


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Those that wait for an operator, unless another state is asked for."""
    status = request.GET.get("status", Refund.Status.APPEALED.value)
    context = {
        "page": all_refunds(status=status, after=request.GET.get("after", "")),
        "status": status,
        "states": vocabulary("refund"),
    }
    return render(request, "console/refunds.html", context)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _refund(pk), None)


def _refund(pk: int) -> Refund:
    found = find_refund(pk)
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, refund: Refund, refused: Refused | None) -> HttpResponse:
    context = {
        "refund": refund,
        "product": refund.subscription.product,
        "proofs": refund_requests.proofs_of(refund),
        "events": refund_events(refund),
        "asked": refund.status == Refund.Status.APPEALED,
        "refused": refused,
        "typed": request.POST.get("opinion", ""),
    }
    return render(request, "console/refund.html", context, status=refused.status if refused else 200)


@operator_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Agree or refuse, in place of the seller."""
    refund = _refund(pk)
    decision = Decision(by=person(request), by_operator=True, opinion=request.POST.get("opinion", ""))
    try:
        if request.POST.get("answer") == "agree":
            agree(refund, decision, rules=rules_now(), now=now_of(request))
            messages.success(request, _("Agreed: the money is paid back, and the service ends."))
        else:
            refund_requests.reject(refund, decision, now=now_of(request))
            messages.success(request, _("Refused. Both sides read why."))
    except IllegalTransition:
        messages.error(request, _("This is decided already."))
    except Refused as refused:
        return _page(request, refund, refused)
    return redirect("console:refund", pk)
