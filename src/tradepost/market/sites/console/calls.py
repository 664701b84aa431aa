"""Calls of every seller: the list with its filters, and one call with each attempt as it went over the wire."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_safe

from tradepost.market.base.paging import page
from tradepost.market.production import operator_queries as engine
from tradepost.market.production import reasons
from tradepost.market.production.models import Call
from tradepost.market.web.access import operator_required
from tradepost.market.web.attempts import attempts_of
from tradepost.market.web.templatetags.ui import loc

STATES = (
    ("failing", _("Failing, tried again")),
    ("gave_up", _("Gave up")),
    ("held", pgettext_lazy("call", "Held back")),
    ("in_flight", pgettext_lazy("call", "Calling")),
    ("waiting", pgettext_lazy("call", "Waiting")),
    ("done", _("Done")),
    ("cancelled", _("Cancelled")),
)


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    get = request.GET
    filters = engine.CallFilter(
        seller=get.get("seller", ""),
        state=get.get("state", ""),
        verdict=get.get("verdict", ""),
        order=get.get("q", "").strip(),
    )
    found = page(engine.all_calls(filters), after=get.get("after", ""))
    context = {
        "page": found, "filters": filters, "states": STATES, "rows": [(call, _reason(call)) for call in found.rows],
        "sellers": [(str(seller.pk), loc(seller, "name")) for seller in engine.sellers_for_filter()],
        "verdicts": [(pgettext_lazy("attempt", "No valid answer"), reasons.faults()), (_("Refused by the seller"), reasons.codes())],
    }  # fmt: skip
    return render(request, "console/calls.html", context)


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    call = engine.find_call(pk)
    if call is None:
        raise Http404
    context = {
        "call": call,
        "attempts": attempts_of(call),
        "reason": reasons.explain(call.last_verdict, call.last_detail, protocol=call.protocol),
    }
    return render(request, "console/call.html", context)


def _reason(call: Call) -> str:
    """The last verdict in few words, where the state does not say it."""
    return reasons.title(call.last_verdict, protocol=call.protocol) if call.last_verdict not in {"", "done"} else ""
