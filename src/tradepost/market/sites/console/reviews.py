"""Submissions of sellers: queue by deadline, and detail page with facts, changes, checklist and decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base import stored
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import read_findings
from tradepost.market.base.secrets import unseal
from tradepost.market.review import appeals, decide, operator_queries, sla
from tradepost.market.review.cases import case_of
from tradepost.market.review.contract import AnyKind, Incomplete, InputKind
from tradepost.market.review.models import OPEN, Submission
from tradepost.market.review.operator_queries import QueueFilter
from tradepost.market.review.registry import review_kind, review_kinds
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.submissions import Comparison, compare, sections_of
from tradepost.market.web.templatetags.ui import loc
from tradepost.market.web.timeline import events_of_moves, moves_of

from . import review_products

log = structlog.get_logger(__name__)

TABS = (
    ("waiting", pgettext_lazy("submissions", "Waiting")),
    ("checking", pgettext_lazy("submissions", "Being checked")),
    ("decided", pgettext_lazy("submissions", "Decided")),
    ("ended", pgettext_lazy("submissions", "Failed or withdrawn")),
)


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    get, now = request.GET, now_of(request)
    filters = QueueFilter(
        state=get.get("show", "waiting"),
        kind=get.get("kind", ""),
        seller=get.get("seller", ""),
        overdue=get.get("late", "") == "1",
    )
    queue_page = operator_queries.queue(filters, now=now, after=get.get("after", ""))
    context = {
        "page": queue_page,
        "asked": filters,
        "tabs": TABS,
        "rows": [(row, review_kind(row.kind).title, _is_late(row, request)) for row in queue_page.rows],
        "kinds": [(name, kind.title) for name, kind in review_kinds().items()],
        "when": _("Decide by") if filters.state == "waiting" else _("Ended"),
        "late": "1" if filters.overdue else "",
        "late_choices": [("1", _("overdue only"))],
        "sellers": [(str(seller.pk), loc(seller, "name")) for seller in operator_queries.sellers_in_queue()],
    }
    return render(request, "console/reviews.html", context)


def _is_late(submission: Submission, request: HttpRequest) -> bool:
    return bool(
        submission.status == Submission.Status.PENDING and submission.due_at and submission.due_at < now_of(request)
    )


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _submission(pk))


@operator_required
@require_POST
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    review, ticked, reason = (
        _submission(pk),
        request.POST.getlist("checklist"),
        request.POST.get("reason", "").replace("\0", ""),
    )
    try:
        decide.approve(
            review, checklist=ticked, reason=reason, by=person(request), settings=config(), now=now_of(request)
        )
    except Refused as refused:
        return _page(request, _submission(pk), refused=refused, ticked=ticked, why=reason)
    messages.success(request, _("Approved and in effect. The seller was notified."))
    return redirect("console:review", pk)


@operator_required
@require_POST
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    review = _submission(pk)
    reasons = {
        section.code: request.POST.get(f"reason_{section.code}", "") for section in review_kind(review.kind).sections
    }
    try:
        decide.reject(review, reasons=reasons, by=person(request), settings=config(), now=now_of(request))
    except Refused as refused:
        return _page(request, _submission(pk), refused=refused, reasons=reasons)
    messages.success(request, _("Rejected. The seller can see the reasons and correct the submission."))
    return redirect("console:review", pk)


@operator_required
@require_POST
def secret(request: HttpRequest, pk: int, field: str) -> HttpResponse:
    """Return a sealed value in full, and log the operator."""
    review = _submission(pk)
    kind = review_kind(review.kind)
    question = next(
        (candidate for candidate in kind.questions if candidate.field == field and candidate.look is InputKind.SECRET),
        None,
    )
    sealed = review.document.get(field) if question is not None else None
    if not sealed:
        raise Http404
    log.info("secret of a submission read", submission=pk, field=field, operator=person(request).email)
    return HttpResponse(
        unseal(str(sealed)), content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"}
    )


def _submission(pk: int) -> Submission:
    submission = operator_queries.find_submission(pk)
    if submission is None:
        raise Http404
    return submission


def _page(
    request: HttpRequest,
    submission: Submission,
    *,
    refused: Refused | None = None,
    ticked: list[str] | None = None,
    why: str = "",
    reasons: Mapping[str, str] | None = None,
) -> HttpResponse:
    kind, now = review_kind(submission.kind), now_of(request)
    case = case_of(submission, settings=config(), now=now)
    before = operator_queries.earlier_submissions(submission)
    titles, checked = {section.code: section.title for section in kind.sections}, set(ticked or submission.checklist)
    context: dict[str, Any] = {
        "one": submission,
        "asset": submission.document.get("version") if submission.kind in {"asset", "appeal"} else None,
        "title": kind.title,
        "sections": sections_of(kind, case.document),
        "comparisons": _comparisons(submission, kind, case.document, before),
        "items": [(item, item.code in checked) for item in kind.checklist(case)],
        "asked": [(section.code, section.title, (reasons or {}).get(section.code, "")) for section in kind.sections],
        "reasons": [(titles.get(code, code), words) for code, words in submission.reasons.items()],
        "findings": read_findings(submission.findings),
        "pending": submission.status == Submission.Status.PENDING,
        "late": _is_late(submission, request),
        "certain": submission.due_at is None
        or sla.are_holidays_known(submission.due_at, zone=timezone.get_default_timezone()),
        "before": [(earlier, remarks_with_titles(earlier)) for earlier in before],
        "next": operator_queries.next_submission(submission),
        "events": events_of_moves(moves_of("submission", submission.pk), with_notes=True),
        "refused": refused,
        "missing": refused.findings if isinstance(refused, Incomplete) else (),
        "rejecting": reasons is not None,
        "web_report": appeals.web_report_of(submission) if submission.kind == "appeal" else None,
        "explained": bool(kind.explained),
        "why": why,
        **review_products.replay_context(submission, now=now),
        **review_products.retrofit_context(submission),
    }
    return render(request, "console/review.html", context)


def _comparisons(
    submission: Submission, kind: AnyKind, document: Any, before: Sequence[Submission]
) -> list[Comparison]:
    """Return the differences from the last rejected submission and from the document in force."""
    comparisons = []
    rejected = next((candidate for candidate in before if candidate.status == Submission.Status.REJECTED), None)
    if rejected is not None:
        rejected_document = stored.load(kind.document, rejected.document)
        comparisons.append(
            compare(kind, document, rejected_document, since=rejected.decided_at, submission=rejected.pk)
        )
    in_force = kind.standing(submission.seller, product=submission.product) if submission.status in OPEN else None
    if in_force is not None:
        comparisons.append(compare(kind, document, in_force))
    return comparisons


def remarks_with_titles(submission: Submission) -> list[tuple[object, str]]:
    """Return the remarks on an earlier submission: reasons by section, or findings of its checks."""
    titles = {section.code: section.title for section in review_kind(submission.kind).sections}
    remarks: list[tuple[object, str]] = [(titles.get(code, code), words) for code, words in submission.reasons.items()]
    return remarks + [
        (titles.get(finding.section, ""), str(finding.words)) for finding in read_findings(submission.findings)
    ]
