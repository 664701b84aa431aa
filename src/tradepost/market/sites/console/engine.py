"""The engine at work: how much is due, which workers live, which addresses are paused, what is stuck."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tradepost.market.base import clock
from tradepost.market.base.models import Event, Job
from tradepost.market.base.numbers import whole_number
from tradepost.market.production import operator_queries as engine
from tradepost.market.production.reasons import title
from tradepost.market.web.access import now_of, operator_required

MOST_REFRESHES = 120
"""After ten minutes of looking, a forgotten tab stops asking."""


@operator_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    now = now_of(request)
    context = {
        **_live(request, MOST_REFRESHES),
        "breakers": [(address, title(address.last_fault)) for address in engine.open_breakers()],
        "events": engine.queue(Event, now),
        "jobs": engine.queue(Job, now),
    }
    return render(request, "console/engine.html", context)


@operator_required
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """The part of the page that renews itself."""
    left = whole_number(request.GET.get("left", "")) or 0
    return render(request, "console/parts/figures.html", _live(request, left))


def _live(request: HttpRequest, left: int) -> dict[str, object]:
    now = now_of(request)
    found = engine.figures(now)
    return {
        "figures": found, "late": int(found.late(now).total_seconds()), "workers": engine.workers(clock.wall()),
        "left": max(min(left, MOST_REFRESHES) - 1, 0),
    }  # fmt: skip
