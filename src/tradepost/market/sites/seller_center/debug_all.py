"""*Debug all*: debug every activity of an address without a valid case, in the background."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base import leased_jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import LeasedJob
from tradepost.market.debugging import debug_all as verbs
from tradepost.market.debugging import seller_queries
from tradepost.market.debugging.asked import current_key
from tradepost.market.debugging.debug_all import Result
from tradepost.market.debugging.findings import repair_of
from tradepost.market.identity.menus import Menu
from tradepost.market.production.models import Address

from .debug import case_url
from .frame import SellerRequest, or_404, seller_page, show


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS)
def debug_all(request: SellerRequest, pk: int) -> HttpResponse:
    """Start the job, and show its progress and results while the job is kept."""
    address = or_404(seller_queries.find_address(request.seller, pk))
    if request.method == "POST":
        try:
            verbs.start(address, by=request.user.email, now=request.now)
        except Refused as refused:
            messages.error(request, refused.message)
        return redirect("seller_center:debug_all", pk=address.pk)
    return show(request, "seller_center/debug_all.html", **_job_context(address))


@require_safe
@seller_page(menu=Menu.TOOLS)
def debug_all_live(request: SellerRequest, pk: int) -> HttpResponse:
    """Return the part with the job's progress, which is polled until the job ends."""
    address = or_404(seller_queries.find_address(request.seller, pk))
    return show(request, "seller_center/parts/debug_all_live.html", **_job_context(address))


@require_POST
@seller_page(menu=Menu.TOOLS)
def debug_all_cancel(request: SellerRequest, pk: int) -> HttpResponse:
    address = or_404(seller_queries.find_address(request.seller, pk))
    job = verbs.newest(address)
    if job is not None and job.open:
        leased_jobs.cancel(job.pk, now=request.now)
        messages.success(request, _("The job stops after the current activity. Saved cases are kept."))
    return redirect("seller_center:debug_all", pk=address.pk)


def _job_context(address: Address) -> dict[str, Any]:
    job = verbs.newest(address)
    results = verbs.results(job, address) if job else []
    return {
        "address": address,
        "key": current_key(address),
        "job": job,
        "error": _error(job) if job is not None else "",
        "results": [_result_row(result) for result in results],
        "passed": sum(result.progress == verbs.Progress.PASSED for result in results),
        "wanted": [] if job is not None and job.open else [_case_row(row) for row in verbs.outdated_cases(address)],
    }


def _error(job: LeasedJob) -> str:
    """Return why the job failed. Tracebacks are only for operators."""
    if job.outcome != LeasedJob.Outcome.FAILED:
        return ""
    refused = job.error and "\n" not in job.error
    return _(job.error) if refused else _("The run could not be finished. Start it again.")


def _case_row(row: seller_queries.CaseRow) -> dict[str, Any]:
    return {
        "activity": row.case.activity,
        "variant": row.case.variant,
        "title": row.case.title.in_language(get_language()),
        "standing": row.standing,
        "url": case_url(row.address, row.case.activity, row.case.variant),
    }


def _result_row(result: Result) -> dict[str, Any]:
    named = _case_row(result.row)
    repair = repair_of(result.mistake) if result.mistake else None
    return named | {
        "progress": result.progress.value,
        "repair": repair.in_language(get_language()) if repair else "",
        "url": f"{named['url']}?run={result.run.pk}#sc-result" if result.run else named["url"],
    }
