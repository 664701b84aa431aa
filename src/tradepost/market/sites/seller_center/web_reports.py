"""A report of a web check, and the appeal against it (business-rules §2.7)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.identity.menus import Menu
from tradepost.market.review import appeals, decide
from tradepost.market.review.kinds.appeal.documents import MAX_PROOFS, SECTION, Appeal
from tradepost.market.review.kinds.appeal.reports import WebSiteReport
from tradepost.market.review.models import Submission
from tradepost.market.web import uploads
from tradepost.market.web_scan import queries
from tradepost.market.web_scan.models import WebScan
from tradepost.market.web_scan.report import report_of
from tradepost.market.web_scan.standing import is_newest

from . import appealing
from .frame import SellerRequest, or_404, seller_page, show


@require_safe
@seller_page(menu=Menu.TOOLS)
def web_report(request: SellerRequest, pk: int) -> HttpResponse:
    run = _own_scan(request, pk)
    submission = appeals.last_appeal(run)
    return show(
        request, "seller_center/web_report.html", run=run, report=report_of(run), newest=is_newest(run), appeal=submission,
        waits=submission is not None and submission.status == Submission.Status.PENDING,
        said=submission.reasons.get(SECTION, "") if submission else "",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS, write=True)
@uploads.takes_pictures(0, proofs=MAX_PROOFS)
def appeal(request: SellerRequest, pk: int) -> HttpResponse:
    """Appeal against findings, each with a reason and documents."""
    run = _own_scan(request, pk)
    report_url = reverse("seller_center:web_report", args=[pk])
    page = appealing.AppealPage(
        crumbs=(reverse("seller_center:web_checks"), _("Web checks"), report_url, _("Report")), back=report_url,
        name=run.url, said=Appeal(scan=run.pk, url=run.url), report=WebSiteReport(run),
        open_one=appeals.find_open_appeal(run), last=appeals.appeal_to_correct(run),
        send=lambda whys, proofs: appeals.appeal(
            run, whys, proofs, by=request.user, settings=config(), now=request.now
        ),
    )  # fmt: skip
    return appealing.answer(request, page)


appeal.own_transactions = True  # type: ignore[attr-defined]  # hashing documents must not hold SQLite's write lock


@require_POST
@seller_page(menu=Menu.TOOLS)
def withdraw(request: SellerRequest, pk: int) -> HttpResponse:
    submission = or_404(appeals.last_appeal(_own_scan(request, pk)))
    decide.withdraw(submission, by=request.user, settings=config(), now=request.now)
    messages.success(request, _("Withdrawn. You can appeal again at any time."))
    return redirect("seller_center:web_report", pk)


def _own_scan(request: SellerRequest, pk: int) -> WebScan:
    return or_404(queries.find_scan(request.seller, pk))
