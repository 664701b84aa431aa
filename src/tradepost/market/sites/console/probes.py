"""Probes of products for operators: products to be suspended, suspended products, decisions, and slots."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.organisations.own_companies import own_companies_of
from tradepost.market.probes import failing_days, operator_queries, seller_queries
from tradepost.market.probes.evidence import NO_EVIDENCE, Evidence
from tradepost.market.probes.models import Health, WorkItem
from tradepost.market.probes.watch import Watch, watch_of
from tradepost.market.review import sla
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.attempts import attempts_of
from tradepost.market.web.own_business import own_rows
from tradepost.market.web.probes import HealthNote, finding_rows, health_note, watched_health


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(request: HttpRequest, *, refused: Refused | None = None, about: int = 0) -> HttpResponse:
    now, failing, frozen = now_of(request), operator_queries.forecasts(), operator_queries.frozen_products()
    today = timezone.localdate(now)
    days = failing_days.failing_days_by_product(failing, today=today)
    evidence_by_product = seller_queries.evidence_for([*failing, *frozen], watch=_watch(), today=today)
    slots = operator_queries.slots(after=request.GET.get("after", ""))
    items = operator_queries.open_items()
    context: dict[str, Any] = {
        "items": [(entry, due_at := _due(entry.item), due_at < now) for entry in items],
        "own": own_rows(WorkItem, [entry.item.pk for entry in items], own_companies_of(person(request), now=now)),
        "failing": [(health, _health_note(health, evidence_by_product), days[health.pk]) for health in failing],
        "failing_now": operator_queries.failing_runs(watch=_watch(), now=now),
        "frozen": [(health, _health_note(health, evidence_by_product)) for health in frozen],
        "page": slots,
        "slots": [
            (row, row.closed_at is None and _watch().is_under_way(row.date, row.half, now=now)) for row in slots.rows
        ],
        "freeze_days": config().probes.probe_freeze_days,
        "refused": refused,
        "about": about,
        "typed": request.POST.get("note", ""),
    }
    return render(request, "console/probes.html", context)


def _health_note(health: Health, evidence_by_product: Mapping[int, Evidence]) -> HealthNote | None:
    evidence = evidence_by_product.get(health.pk, NO_EVIDENCE)
    return health_note(health, health.product, freeze_days=config().probes.probe_freeze_days, evidence=evidence)


def _watch() -> Watch:
    return watch_of(config(), timezone.get_default_timezone())


def _due(item: WorkItem) -> datetime:
    """Return the deadline of a decision, with the same working days as a submission."""
    settings = config()
    zone = timezone.get_default_timezone()
    return sla.deadline_of(
        item.opened_at, settings.review.review_working_days, zone=zone, closes=settings.review_day_ends
    ).at


@operator_required
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Close an entry with the operator's decision."""
    if not WorkItem.objects.filter(pk=pk).exists():
        raise Http404
    note = request.POST.get("note", "").replace("\0", "")
    try:
        operator_queries.close_item(pk, note=note, by=person(request).email, now=now_of(request))
    except Refused as refused:
        return _page(request, refused=refused, about=pk)
    messages.success(request, _("Closed. Your note was recorded."))
    return redirect("console:probes")


@operator_required
@require_safe
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a case in a slot, with every exchange."""
    probe_run = seller_queries.find_run(pk)
    if probe_run is None:
        raise Http404
    attempts = attempts_of(probe_run.call) if probe_run.call is not None else []
    attempt_rows = [(attempt, finding_rows(attempt.attempt)) for attempt in attempts]
    return render(
        request,
        "console/probe_run.html",
        {"run": probe_run, "attempts": attempt_rows, "applications": seller_queries.applications_at(probe_run)},
    )


def figures(request: HttpRequest, product: Any) -> dict[str, Any]:
    """Return the probe results of a product for its own page."""
    today = timezone.localtime(now_of(request)).date()
    monitored = seller_queries.monitored_product(product, watch=_watch(), today=today)
    last_runs = seller_queries.last_runs(monitored.addresses)
    note = watched_health(monitored, freeze_days=config().probes.probe_freeze_days) if monitored.served else None
    return {"watched": monitored, "last_runs": last_runs, "health_said": note}
