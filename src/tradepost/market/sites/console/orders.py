"""All orders of the market, and one order with its lines, money, history and calls."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.orders import operator_queries as orders
from tradepost.market.payments import queries as payments
from tradepost.market.production.engine_queries import calls_of_order
from tradepost.market.production.models import Attempt, Call
from tradepost.market.production.words import title
from tradepost.market.web.access import operator_required
from tradepost.market.web.status import vocabulary
from tradepost.market.web.timeline import moves_of, of_moves


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    asked = orders.OrderFilter(text=request.GET.get("q", ""), status=request.GET.get("status", ""))
    context = {
        "page": orders.all_orders(asked, after=request.GET.get("after", "")),
        "asked": asked,
        "statuses": vocabulary("order"),
    }
    return render(request, "console/orders.html", context)


@operator_required
@require_safe
def detail(request: HttpRequest, number: str) -> HttpResponse:
    order = orders.find_order(number)
    if order is None:
        raise Http404
    lines = orders.lines_of(order)
    context = {
        "order": order,
        "lines": lines,
        "movements": payments.movements([order.number, *(line.number for line in lines)]),
        "events": of_moves(moves_of("order", order.pk), with_notes=True),
        "calls": [(call, list(_tries(call))) for call in calls_of_order(order.number)],
    }
    return render(request, "console/order.html", context)


def _tries(call: Call) -> Iterator[tuple[Attempt, str]]:
    """Each attempt with what went wrong, in a few words."""
    for attempt in call.attempts_made:  # type: ignore[attr-defined]  # calls_of_order puts it there
        yield attempt, title(attempt.verdict, protocol=call.protocol) if attempt.verdict not in {"", "done"} else ""
