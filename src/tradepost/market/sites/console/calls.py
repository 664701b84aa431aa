"""Calls of all sellers: filtered list, and detail page with each attempt's request and response."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_safe

from tradepost.market.base.paging import page
from tradepost.market.production import operator_queries as engine
from tradepost.market.production import reasons
from tradepost.market.production.models import Call
from tradepost.market.web.access import now_of, operator_required
from tradepost.market.web.attempts import attempts_of
from tradepost.market.web.pages.filters import read, time_range
from tradepost.market.web.templatetags.ui import loc

STATES = (
    ("failing", _("Failed, being retried")),
    ("gave_up", _("Gave up")),
    ("held", pgettext_lazy("call", "On hold")),
    ("in_flight", pgettext_lazy("call", "Calling")),
    ("waiting", pgettext_lazy("call", "Waiting")),
    ("done", _("Done")),
    ("cancelled", _("Cancelled")),
)

TIME = time_range()


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
    time = read([TIME], request, now_of(request))
    calls = time.within(engine.all_calls(filters), "created_at")
    response = page(calls.none() if time.problems else calls, after=get.get("after", ""))
    context = {
        "page": response, "filters": filters, "time": SafeString(TIME.field(request, time)), "states": STATES, "rows": [(call, _reason(call)) for call in response.rows],
        "sellers": [(str(seller.pk), loc(seller, "name")) for seller in engine.sellers_for_filter()],
        "verdicts": [(pgettext_lazy("attempt", "No valid response"), reasons.faults()), (_("Refused by the seller"), reasons.codes())],
    }  # fmt: skip
    return render(request, "console/calls.html", context, status=time.status)


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
    """Return the last verdict in short, unless the state includes it."""
    return reasons.title(call.last_verdict, protocol=call.protocol) if call.last_verdict not in {"", "done"} else ""
