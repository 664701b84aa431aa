"""Debug cases (调测用例): saved debug calls, their state, and their replay (saas-v2 §5.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base import leased_jobs
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.numbers import whole_number
from tradepost.market.debugging import debug as verbs
from tradepost.market.debugging import replay, seller_queries
from tradepost.market.debugging.findings import repair_of
from tradepost.market.debugging.seller_queries import CaseFilter, CaseRow
from tradepost.market.debugging.standing import CaseState
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Seller
from tradepost.market.web.status import look

from .debug import case_url
from .frame import SellerRequest, or_404, seller_page, show


@require_safe
@seller_page(menu=Menu.TOOLS)
def cases(request: SellerRequest) -> HttpResponse:
    filter_values = {name: request.GET.get(name, "").strip()[:64] for name in ("address", "activity", "standing")}
    rows = seller_queries.seller_cases(request.seller, CaseFilter(**filter_values))
    all_rows = seller_queries.seller_cases(request.seller, CaseFilter()) if any(filter_values.values()) else rows
    return show(
        request,
        "seller_center/cases.html",
        rows=[_row(row) for row in rows],
        filters=CaseFilter(**filter_values),
        filtered=any(filter_values.values()),
        addresses=list(dict.fromkeys((str(row.address.pk), row.address.url) for row in all_rows)),
        activities=list(dict.fromkeys((row.case.activity, row.case.activity) for row in all_rows)),
        standings=[
            (CaseState.SAVED.value, look("debug case", CaseState.SAVED).label),
            ("stale", _("Stale")),
            (CaseState.FAILED.value, look("debug case", CaseState.FAILED).label),
        ],
        **_replay_context(request.seller),
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
    """Return the progress of a replay. The part is polled until it has ended."""
    return show(request, "seller_center/parts/replay.html", **_replay_context(request.seller))


@require_POST
@seller_page(menu=Menu.TOOLS)
def replay_cases(request: SellerRequest) -> HttpResponse:
    """Replay one case, or all filtered cases."""
    case_pk = whole_number(request.POST.get("case", ""))
    if request.POST.get("case"):
        saved_cases = [or_404(seller_queries.find_case(request.seller, case_pk) if case_pk is not None else None)]
    else:
        filter_values = {name: request.POST.get(name, "").strip()[:64] for name in ("address", "activity", "standing")}
        rows = seller_queries.seller_cases(request.seller, CaseFilter(**filter_values))
        saved_cases = [row.saved for row in rows if row.saved is not None]
    if saved_cases:
        _start_replay(request, saved_cases)
    return redirect("seller_center:cases")


def _start_replay(request: SellerRequest, saved_cases: list[Any]) -> None:
    before = replay.newest(_replay_key(request.seller))
    if before is not None and before.open:
        messages.error(request, _("A replay is already in progress. Wait until it ends, or stop it."))
        return
    replay.start(
        saved_cases,
        about=_replay_key(request.seller),
        by=request.user.email,
        now=request.now,
        seller_id=request.seller.pk,
    )


@require_POST
@seller_page(menu=Menu.TOOLS)
def replay_cancel(request: SellerRequest) -> HttpResponse:
    job = replay.newest(_replay_key(request.seller))
    if job is not None and job.open:
        leased_jobs.cancel(job.pk, now=request.now)
    return redirect("seller_center:cases")


@require_POST
@seller_page(menu=Menu.TOOLS)
def delete_case(request: SellerRequest, pk: int) -> HttpResponse:
    case = or_404(seller_queries.find_case(request.seller, pk))
    verbs.delete_case(case)
    messages.success(request, _("The case of %(activity)s was deleted.") % {"activity": case.activity})
    return redirect("seller_center:cases")


REFUSAL_ADVICE: Mapping[str, str | Promise] = {
    "debug.no_key": gettext_lazy("There is no signing key for this protocol yet, so requests cannot be signed."),
    "debug.values": gettext_lazy(
        "The saved values no longer form a valid request. Open it, correct them and debug it again."
    ),
}
"""Advice for a case that a replay did not send, by the code of the refusal."""


def _replay_key(seller: Seller) -> str:
    """Return the key under which manual replays of a seller run one after the other."""
    return f"seller:{seller.pk}"


def _replay_context(seller: Seller) -> dict[str, Any]:
    job = replay.newest(_replay_key(seller))
    return {"job": job, "results": _results(job) if job else []}


def _results(job: LeasedJob) -> list[dict[str, Any]]:
    rows = []
    for result in replay.results(job):
        repair = repair_of(result.diagnosis) if result.diagnosis else None
        words = repair.in_language(get_language()) if repair else REFUSAL_ADVICE.get(result.diagnosis, "")
        rows.append({"one": result, "repair": words})
    return rows
