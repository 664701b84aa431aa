"""The engine: due work, living workers, paused addresses, and stuck calls."""

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

from .charts import hourly_chart

MAX_REFRESHES = 120
"""Maximum number of refreshes: a forgotten tab stops after ten minutes."""


@operator_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    now = now_of(request)
    calls, created = engine.last_day(now), engine.last_day(now, activities=["newInstance"])
    context = {
        **_live_context(request, MAX_REFRESHES),
        "breakers": [(address, title(address.last_fault)) for address in engine.open_breakers()],
        "events": engine.queue(Event, now),
        "jobs": engine.queue(Job, now),
        "calls": calls,
        "calls_chart": hourly_chart(calls.hours),
        "created": created,
        "created_chart": hourly_chart(created.hours),
        "verdicts": [(verdict, title(verdict), count) for verdict, count in calls.verdicts],
    }
    return render(request, "console/engine.html", context)


@operator_required
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """Return the part with the figures, which is polled."""
    remaining = whole_number(request.GET.get("left", "")) or 0
    return render(request, "console/parts/figures.html", _live_context(request, remaining))


def _live_context(request: HttpRequest, remaining: int) -> dict[str, object]:
    now = now_of(request)
    current_figures = engine.figures(now)
    return {
        "figures": current_figures, "late": int(current_figures.late(now).total_seconds()),
        "workers": engine.workers(clock.wall()), "left": max(min(remaining, MAX_REFRESHES) - 1, 0),
    }  # fmt: skip
