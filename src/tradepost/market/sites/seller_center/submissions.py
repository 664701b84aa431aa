"""What a seller handed in: the list, and one with its clock, what was found or said of it, and the way to correct it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import read_findings
from tradepost.market.base.leased_jobs import newest
from tradepost.market.identity.menus import Menu
from tradepost.market.review import decide, drafts, seller_queries, sla
from tradepost.market.review.cases import case_of
from tradepost.market.review.models import OPEN, Submission
from tradepost.market.review.registry import review_kind, review_kinds
from tradepost.market.review.seller_queries import SubmissionFilter
from tradepost.market.review.website import WEBSITE
from tradepost.market.web.status import vocabulary
from tradepost.market.web.submissions import sections_of
from tradepost.market.web.timeline import moves_of, of_moves

from . import drafting
from .correcting import page_for, remarks_of
from .frame import SellerRequest, found, seller_page, show


@require_safe
@seller_page(menu=Menu.COMPANY)
def submissions(request: SellerRequest) -> HttpResponse:
    asked = SubmissionFilter(status=request.GET.get("status", ""), kind=request.GET.get("kind", ""))
    page = seller_queries.submissions_of(request.seller, asked, after=request.GET.get("after", ""))
    return show(
        request,
        "seller_center/submissions.html",
        page=page,
        rows=[(one, review_kind(one.kind).title, _link(one)) for one in page.rows],
        asked=asked,
        kinds=[(name, kind.title) for name, kind in review_kinds().items()],
        statuses=vocabulary("submission"),
    )


def _link(one: Submission) -> str:
    """A draft is open in its form."""
    return "draft" if one.status == Submission.Status.DRAFT else "submission"


@require_safe
@seller_page(menu=Menu.COMPANY)
def submission(request: SellerRequest, pk: int) -> HttpResponse:
    one = found(seller_queries.find_submission(request.seller, pk))
    if one.status == Submission.Status.DRAFT:
        return redirect("seller_center:draft", one.kind)
    return show(request, "seller_center/submission.html", **_described(request, one))


@require_safe
@seller_page(menu=Menu.COMPANY)
def progress(request: SellerRequest, pk: int) -> HttpResponse:
    """Where it stands, asked again and again while the market's own checks run."""
    one = found(seller_queries.find_submission(request.seller, pk))
    return render(request, "seller_center/parts/submission_state.html", _state(request, one))


def _state(request: SellerRequest, one: Submission) -> dict[str, Any]:
    job = newest(WEBSITE, str(one.pk)) if one.status == Submission.Status.CHECKING else None
    zone = timezone.get_default_timezone()
    return {
        "one": one,
        "checking": one.status == Submission.Status.CHECKING,
        "job": job,
        "waiting": one.status in OPEN,
        "late": bool(one.due_at and one.status == Submission.Status.PENDING and one.due_at < request.now),
        "certain": one.due_at is None or sla.holidays_known(one.due_at, zone=zone),
    }


def _described(request: SellerRequest, one: Submission) -> dict[str, Any]:
    kind = review_kind(one.kind)
    case = case_of(one, settings=config(), now=request.now)
    standing = kind.standing(request.seller, product=one.product) if one.status in OPEN else None
    titles = {section.code: section.title for section in kind.sections}
    remarks = remarks_of(one)
    return {
        **_state(request, one),
        "title": kind.title,
        "sections": sections_of(kind, case.document, against=standing),
        "findings": remarks.findings if remarks else read_findings(one.findings),
        "reasons": [(titles.get(code, code), words) for code, words in one.reasons.items()],
        "events": of_moves(moves_of("submission", one.pk)),
        "may_withdraw": one.status == Submission.Status.PENDING and request.rights.owner,
        "correct_at": page_for(one) if drafts.is_to_correct(one) else "",
        "is_form": kind.questions != (),
        "owner": request.rights.owner,
        "later": one.later.exclude(status=Submission.Status.DRAFT).order_by("-pk").first(),
    }


@require_POST
@seller_page(menu=Menu.COMPANY, owner=True)
def withdraw(request: SellerRequest, pk: int) -> HttpResponse:
    one = found(seller_queries.find_submission(request.seller, pk))
    decide.withdraw(one, by=request.user, settings=config(), now=request.now)
    messages.success(request, _("Withdrawn. You can correct it and send it again at any time."))
    return redirect("seller_center:submission", pk)


@require_POST
@seller_page(menu=Menu.COMPANY, owner=True)
def correct(request: SellerRequest, pk: int) -> HttpResponse:
    """Its copy, to be changed and sent again."""
    one = found(seller_queries.find_submission(request.seller, pk))
    drafting.kind_of(one.kind)
    try:
        drafts.correct(one, by=request.user, now=request.now)
    except Refused as refused:
        messages.warning(request, refused.message)
        return redirect("seller_center:submission", pk)
    return redirect("seller_center:draft", one.kind)
