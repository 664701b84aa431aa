"""A seller's submissions: list, and detail page with deadline, findings, decision, and correction."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import read_findings
from tradepost.market.base.leased_jobs import newest
from tradepost.market.base.paging import Page
from tradepost.market.identity.menus import Menu
from tradepost.market.review import decide, drafts, seller_queries, sla
from tradepost.market.review.cases import case_of
from tradepost.market.review.models import OPEN, Submission
from tradepost.market.review.registry import review_kind, review_kinds
from tradepost.market.review.seller_queries import SubmissionFilter
from tradepost.market.review.website import WEBSITE
from tradepost.market.web.pages import Empty, Listing, ListQuery, choice, fragment, moment, state, states
from tradepost.market.web.submissions import sections_of
from tradepost.market.web.timeline import events_of_moves, moves_of

from . import drafting
from .correcting import page_for, remarks_of
from .frame import SellerRequest, or_404, seller_list, seller_page, show


class ListedSubmission(Struct, frozen=True):
    submission: Submission
    title: str | Promise
    may_change: bool
    """Whether the reader may open a draft's form, which is only for owners."""

    @property
    def is_draft(self) -> bool:
        return self.submission.status == Submission.Status.DRAFT


def _source(request: SellerRequest, query: ListQuery, after: str, size: int) -> Page[Submission]:
    narrowed = SubmissionFilter(status=query["status"], kind=query["kind"])
    return seller_queries.submissions_of(request.seller, narrowed, after=after, size=size)


def _rows(request: SellerRequest, submissions: list[Submission]) -> list[ListedSubmission]:
    is_owner = request.rights.owner
    return [ListedSubmission(submission, review_kind(submission.kind).title, is_owner) for submission in submissions]


LISTING: Listing[Submission, ListedSubmission] = Listing(
    name="seller_center:submissions",
    title=gettext_lazy("Submissions"),
    intro=gettext_lazy("Your submissions for review, with their deadlines and results."),
    layout="seller_center/layout.html",
    source=_source,
    rows=_rows,
    columns=(
        fragment(gettext_lazy("Submission"), "title", "seller_center/parts/submission_title.html", labelled=False),
        state(gettext_lazy("State"), "submission", "submission.status"),
        moment(gettext_lazy("Sent at"), "submission.sent_at"),
        fragment(gettext_lazy("Decided"), "submission.decided_at", "seller_center/parts/submission_decided.html"),
    ),
    filters=(
        states("submission"),
        choice(
            "kind", gettext_lazy("Type"), lambda _request: [(name, kind.title) for name, kind in review_kinds().items()]
        ),
    ),
    empty=Empty(
        icon="list-details",
        title=gettext_lazy("No submissions yet"),
        text=gettext_lazy("Applications from the company page and products sent for review appear here."),
    ),
    no_fit=Empty(
        icon="search",
        title=gettext_lazy("No submissions found"),
        text=gettext_lazy("Try another state or type."),
        action=gettext_lazy("Show all submissions"),
        page="seller_center:submissions",
    ),
    file="submissions",
)
submissions = seller_list(LISTING, menu=Menu.COMPANY)


@require_safe
@seller_page(menu=Menu.COMPANY)
def submission(request: SellerRequest, pk: int) -> HttpResponse:
    submission = or_404(seller_queries.find_submission(request.seller, pk))
    if submission.status == Submission.Status.DRAFT:
        return redirect("seller_center:draft", submission.kind)
    return show(request, "seller_center/submission.html", **_page_context(request, submission))


@require_safe
@seller_page(menu=Menu.COMPANY)
def progress(request: SellerRequest, pk: int) -> HttpResponse:
    """Return the part with the state, which is polled while the market's checks run."""
    submission = or_404(seller_queries.find_submission(request.seller, pk))
    return render(request, "seller_center/parts/submission_state.html", _state_context(request, submission))


def _state_context(request: SellerRequest, submission: Submission) -> dict[str, Any]:
    job = newest(WEBSITE, str(submission.pk)) if submission.status == Submission.Status.CHECKING else None
    zone = timezone.get_default_timezone()
    return {
        "one": submission,
        "checking": submission.status == Submission.Status.CHECKING,
        "job": job,
        "waiting": submission.status in OPEN,
        "late": bool(
            submission.due_at and submission.status == Submission.Status.PENDING and submission.due_at < request.now
        ),
        "certain": submission.due_at is None or sla.are_holidays_known(submission.due_at, zone=zone),
    }


def _page_context(request: SellerRequest, submission: Submission) -> dict[str, Any]:
    kind = review_kind(submission.kind)
    case = case_of(submission, settings=config(), now=request.now)
    standing = kind.standing(request.seller, product=submission.product) if submission.status in OPEN else None
    titles = {section.code: section.title for section in kind.sections}
    remarks = remarks_of(submission)
    return {
        **_state_context(request, submission),
        "title": kind.title,
        "sections": sections_of(kind, case.document, against=standing),
        "findings": remarks.findings if remarks else read_findings(submission.findings),
        "reasons": [(titles.get(code, code), words) for code, words in submission.reasons.items()],
        "events": events_of_moves(moves_of("submission", submission.pk)),
        "may_withdraw": submission.status == Submission.Status.PENDING and request.rights.owner,
        "correct_at": page_for(submission) if drafts.is_to_correct(submission) else "",
        "is_form": kind.questions != (),
        "owner": request.rights.owner,
        "later": submission.later.exclude(status=Submission.Status.DRAFT).order_by("-pk").first(),
    }


@require_POST
@seller_page(menu=Menu.COMPANY, owner=True)
def withdraw(request: SellerRequest, pk: int) -> HttpResponse:
    submission = or_404(seller_queries.find_submission(request.seller, pk))
    decide.withdraw(submission, by=request.user, settings=config(), now=request.now)
    messages.success(request, _("Withdrawn. You can correct it and submit it again at any time."))
    return redirect("seller_center:submission", pk)


@require_POST
@seller_page(menu=Menu.COMPANY, owner=True)
def correct(request: SellerRequest, pk: int) -> HttpResponse:
    """Create a corrected copy that can be submitted again."""
    submission = or_404(seller_queries.find_submission(request.seller, pk))
    drafting.kind_of(submission.kind)
    try:
        drafts.correct(submission, by=request.user, now=request.now)
    except Refused as refused:
        messages.warning(request, refused.message)
        return redirect("seller_center:submission", pk)
    return redirect("seller_center:draft", submission.kind)
