"""Debug cases (调测用例): what was saved of debugging, how each stands, and making them again (saas-v2 §5.4)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base import leased_jobs
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.numbers import whole_number
from tradepost.market.debugging import debug as verbs
from tradepost.market.debugging import replay, seller_queries
from tradepost.market.debugging.findings import repair_of
from tradepost.market.debugging.seller_queries import CaseFilter, CaseRow
from tradepost.market.debugging.standing import Standing
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Seller
from tradepost.market.web.status import look

from .debug import case_url
from .frame import SellerRequest, found, seller_page, show


@require_safe
@seller_page(menu=Menu.TOOLS)
def cases(request: SellerRequest) -> HttpResponse:
    given = {name: request.GET.get(name, "").strip()[:64] for name in ("address", "activity", "standing")}
    rows = seller_queries.seller_cases(request.seller, CaseFilter(**given))
    every = seller_queries.seller_cases(request.seller, CaseFilter()) if any(given.values()) else rows
    return show(
        request,
        "seller_center/cases.html",
        rows=[_row(row) for row in rows],
        filters=CaseFilter(**given),
        filtered=any(given.values()),
        addresses=list(dict.fromkeys((str(row.address.pk), row.address.url) for row in every)),
        activities=list(dict.fromkeys((row.case.activity, row.case.activity) for row in every)),
        standings=[
            (Standing.SAVED.value, look("debug case", Standing.SAVED).label),
            ("stale", _("Stale")),
            (Standing.FAILED.value, look("debug case", Standing.FAILED).label),
        ],
        **_replayed(request.seller),
    )


def _row(row: CaseRow) -> dict[str, Any]:
    return {
        "case": row.saved,
        "address": row.address,
        "activity": row.case.activity,
        "title": row.case.title.in_language(get_language()),
        "standing": row.standing,
        "dialog": f"sc-d{row.saved.pk}" if row.saved else "",
        "url": case_url(row.address, row.case.activity, row.case.variant),
    }


@require_safe
@seller_page(menu=Menu.TOOLS)
def cases_live(request: SellerRequest) -> HttpResponse:
    """How far the replay is; it asks for itself again until it ended."""
    return show(request, "seller_center/parts/replay.html", **_replayed(request.seller))


@require_POST
@seller_page(menu=Menu.TOOLS)
def replay_cases(request: SellerRequest) -> HttpResponse:
    """Make one case again, or all that the filter shows."""
    one = whole_number(request.POST.get("case", ""))
    if request.POST.get("case"):
        wanted = [found(seller_queries.find_case(request.seller, one) if one is not None else None)]
    else:
        given = {name: request.POST.get(name, "").strip()[:64] for name in ("address", "activity", "standing")}
        rows = seller_queries.seller_cases(request.seller, CaseFilter(**given))
        wanted = [row.saved for row in rows if row.saved is not None]
    if wanted:
        _begin(request, wanted)
    return redirect("seller_center:cases")


def _begin(request: SellerRequest, wanted: list[Any]) -> None:
    before = replay.newest(_about(request.seller))
    if before is not None and before.open:
        messages.error(request, _("A replay is under way already. Wait for its end, or stop it."))
        return
    replay.start(
        wanted, about=_about(request.seller), by=request.user.email, now=request.now, seller_id=request.seller.pk
    )


@require_POST
@seller_page(menu=Menu.TOOLS)
def replay_cancel(request: SellerRequest) -> HttpResponse:
    job = replay.newest(_about(request.seller))
    if job is not None and job.open:
        leased_jobs.cancel(job.pk, now=request.now)
    return redirect("seller_center:cases")


@require_POST
@seller_page(menu=Menu.TOOLS)
def delete_case(request: SellerRequest, pk: int) -> HttpResponse:
    case = found(seller_queries.find_case(request.seller, pk))
    verbs.delete_case(case)
    messages.success(request, _("The case of %(activity)s is deleted.") % {"activity": case.activity})
    return redirect("seller_center:cases")


def _about(seller: Seller) -> str:
    """Replays by hand of one seller follow each other."""
    return f"seller:{seller.pk}"


def _replayed(seller: Seller) -> dict[str, Any]:
    job = replay.newest(_about(seller))
    return {"job": job, "results": _results(job) if job else []}


def _results(job: LeasedJob) -> list[dict[str, Any]]:
    shown = []
    for one in replay.results(job):
        repair = repair_of(one.diagnosis) if one.diagnosis else None
        shown.append({"one": one, "repair": repair.in_language(get_language()) if repair else ""})
    return shown
