"""The watch over products for operators: who is frozen next, who is frozen, what is to be decided, and how the slots went."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.organisations.own_companies import own_of
from tradepost.market.probes import failing_days, operator_queries, seller_queries
from tradepost.market.probes.models import Health, WorkItem
from tradepost.market.review import sla
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.attempts import attempts_of
from tradepost.market.web.own_business import own_rows
from tradepost.market.web.probes import Said, judged, said_of_health


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(request: HttpRequest, *, refused: Refused | None = None, about: int = 0) -> HttpResponse:
    now, failing = now_of(request), operator_queries.forecasts()
    days = failing_days.of_all(failing, today=timezone.localdate(now))
    items = operator_queries.open_items()
    context: dict[str, Any] = {
        "items": [(one, due := _due(one.item), due < now) for one in items],
        "own": own_rows(WorkItem, [one.item.pk for one in items], own_of(person(request), now=now)),
        "failing": [(one, _said(one), days[one.pk]) for one in failing],
        "frozen": [(one, _said(one)) for one in operator_queries.frozen()],
        "page": operator_queries.slots(after=request.GET.get("after", "")),
        "freeze_days": config().probe_freeze_days,
        "refused": refused,
        "about": about,
    }
    status = HTTPStatus(refused.status) if refused else HTTPStatus.OK
    return render(request, "console/probes.html", context, status=status)


def _said(health: Health) -> Said | None:
    return said_of_health(health, health.product, freeze_days=config().probe_freeze_days)


def _due(item: WorkItem) -> datetime:
    """Operators decide within the same working days as about what is handed in."""
    settings = config()
    zone = timezone.get_default_timezone()
    return sla.due(item.opened_at, settings.review_working_days, zone=zone, closes=settings.review_day_ends).at


@operator_required
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """What was decided about an entry; it stands with who said so."""
    if not WorkItem.objects.filter(pk=pk).exists():
        raise Http404
    note = request.POST.get("note", "").replace("\0", "")
    try:
        operator_queries.close_item(pk, note=note, by=person(request).email, now=now_of(request))
    except Refused as refused:
        return _page(request, refused=refused, about=pk)
    messages.success(request, _("Closed, with your words."))
    return redirect("console:probes")


@operator_required
@require_safe
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """One case in one slot, with every exchange."""
    found = seller_queries.find_run(pk)
    if found is None:
        raise Http404
    attempts = attempts_of(found.call) if found.call is not None else []
    shown = [(one, judged(one.attempt)) for one in attempts]
    return render(
        request,
        "console/probe_run.html",
        {"run": found, "attempts": shown, "applications": seller_queries.applications_at(found)},
    )


def figures(request: HttpRequest, product: Any) -> dict[str, Any]:
    """How a product stands by its probes, for its own page."""
    today = timezone.localtime(now_of(request)).date()
    one = seller_queries.watched_one(product, today=today)
    last = seller_queries.last_runs(one.addresses)
    said = said_of_health(one.health, product, freeze_days=config().probe_freeze_days) if one.health else None
    return {"watched": one, "last_runs": last, "health_said": said}
