"""One report of a web check, and the appeal against what it says (business-rules §2.7)."""

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
from tradepost.market.review.kinds.appeal.documents import MOST_PROOFS, SECTION, Appeal
from tradepost.market.review.kinds.appeal.reports import OfWebSite
from tradepost.market.review.models import Submission
from tradepost.market.web import uploads
from tradepost.market.web_scan import queries
from tradepost.market.web_scan.models import WebScan
from tradepost.market.web_scan.report import report_of
from tradepost.market.web_scan.standing import is_newest

from . import appealing
from .frame import SellerRequest, found, seller_page, show


@require_safe
@seller_page(menu=Menu.TOOLS)
def web_report(request: SellerRequest, pk: int) -> HttpResponse:
    run = _run(request, pk)
    sent = appeals.last_appeal(run)
    return show(
        request, "seller_center/web_report.html", run=run, report=report_of(run), newest=is_newest(run), appeal=sent,
        waits=sent is not None and sent.status == Submission.Status.PENDING,
        said=sent.reasons.get(SECTION, "") if sent else "",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TOOLS, write=True)
@uploads.takes_pictures(0, proofs=MOST_PROOFS)
def appeal(request: SellerRequest, pk: int) -> HttpResponse:
    """Findings that are mistaken, why, and what shows it."""
    run = _run(request, pk)
    back = reverse("seller_center:web_report", args=[pk])
    page = appealing.Page(
        crumbs=(reverse("seller_center:web_checks"), _("Web checks"), back, _("Report")), back=back, name=run.url,
        said=Appeal(scan=run.pk, url=run.url), report=OfWebSite(run), open_one=appeals.open_appeal(run),
        last=appeals.appeal_to_correct(run),
        send=lambda whys, proofs: appeals.appeal(
            run, whys, proofs, by=request.user, settings=config(), now=request.now
        ),
    )  # fmt: skip
    return appealing.answer(request, page)


appeal.own_transactions = True  # type: ignore[attr-defined]  # hashing documents must not hold the lock of SQLite


@require_POST
@seller_page(menu=Menu.TOOLS)
def withdraw(request: SellerRequest, pk: int) -> HttpResponse:
    sent = found(appeals.last_appeal(_run(request, pk)))
    decide.withdraw(sent, by=request.user, settings=config(), now=request.now)
    messages.success(request, _("Withdrawn. You can appeal again at any time."))
    return redirect("seller_center:web_report", pk)


def _run(request: SellerRequest, pk: int) -> WebScan:
    return found(queries.find_scan(request.seller, pk))
