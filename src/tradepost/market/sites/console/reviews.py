"""What sellers handed in: the queue by its clock; one with its facts, what it changes, the list to tick, and the decision."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import read_findings
from tradepost.market.base.secrets import unseal
from tradepost.market.review import appeals, decide, operator_queries, sla
from tradepost.market.review.cases import case_of
from tradepost.market.review.contract import Incomplete, Look
from tradepost.market.review.models import OPEN, Submission
from tradepost.market.review.operator_queries import QueueFilter
from tradepost.market.review.registry import review_kind, review_kinds
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.submissions import removed, sections_of
from tradepost.market.web.templatetags.ui import loc
from tradepost.market.web.timeline import moves_of, of_moves

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
    asked = QueueFilter(
        state=get.get("show", "waiting"),
        kind=get.get("kind", ""),
        seller=get.get("seller", ""),
        overdue=get.get("late", "") == "1",
    )
    found = operator_queries.queue(asked, now=now, after=get.get("after", ""))
    context = {
        "page": found,
        "asked": asked,
        "tabs": TABS,
        "rows": [(one, review_kind(one.kind).title, _is_late(one, request)) for one in found.rows],
        "kinds": [(name, kind.title) for name, kind in review_kinds().items()],
        "when": _("Decide by") if asked.state == "waiting" else _("Ended"),
        "late": "1" if asked.overdue else "",
        "late_choices": [("1", _("overdue only"))],
        "sellers": [(str(seller.pk), loc(seller, "name")) for seller in operator_queries.sellers_in_queue()],
    }
    return render(request, "console/reviews.html", context)


def _is_late(one: Submission, request: HttpRequest) -> bool:
    return bool(one.status == Submission.Status.PENDING and one.due_at and one.due_at < now_of(request))


@operator_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _found(pk))


@operator_required
@require_POST
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    one, ticked, why = _found(pk), request.POST.getlist("checklist"), request.POST.get("reason", "").replace("\0", "")
    try:
        decide.approve(one, checklist=ticked, reason=why, by=person(request), settings=config(), now=now_of(request))
    except Refused as refused:
        return _page(request, _found(pk), refused=refused, ticked=ticked, why=why)
    messages.success(request, _("Approved: it is in force, and the seller was told."))
    return redirect("console:review", pk)


@operator_required
@require_POST
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    one = _found(pk)
    reasons = {
        section.code: request.POST.get(f"reason_{section.code}", "") for section in review_kind(one.kind).sections
    }
    try:
        decide.reject(one, reasons=reasons, by=person(request), settings=config(), now=now_of(request))
    except Refused as refused:
        return _page(request, _found(pk), refused=refused, reasons=reasons)
    messages.success(request, _("Rejected: the seller reads the reasons and may correct it."))
    return redirect("console:review", pk)


@operator_required
@require_POST
def secret(request: HttpRequest, pk: int, field: str) -> HttpResponse:
    """The whole of a sealed value, for the operator who looks it up. Who asked is in the log."""
    one = _found(pk)
    kind = review_kind(one.kind)
    asked = next((each for each in kind.questions if each.field == field and each.look is Look.SECRET), None)
    sealed = one.document.get(field) if asked is not None else None
    if not sealed:
        raise Http404
    log.info("secret of a submission read", submission=pk, field=field, operator=person(request).email)
    return HttpResponse(
        unseal(str(sealed)), content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"}
    )


def _found(pk: int) -> Submission:
    one = operator_queries.find_submission(pk)
    if one is None:
        raise Http404
    return one


def _page(
    request: HttpRequest,
    one: Submission,
    *,
    refused: Refused | None = None,
    ticked: list[str] | None = None,
    why: str = "",
    reasons: Mapping[str, str] | None = None,
) -> HttpResponse:
    kind, now = review_kind(one.kind), now_of(request)
    case = case_of(one, settings=config(), now=now)
    against = kind.standing(one.seller, product=one.product) if one.status in OPEN else None
    titles = {section.code: section.title for section in kind.sections}
    done = set(ticked or one.checklist)
    context: dict[str, Any] = {
        "one": one,
        "asset": one.document.get("version") if one.kind in {"asset", "appeal"} else None,
        "title": kind.title,
        "sections": sections_of(kind, case.document, against=against),
        "removed": removed(kind, case.document, against),
        "compares": against is not None,
        "items": [(item, item.code in done) for item in kind.checklist(case)],
        "asked": [(section.code, section.title, (reasons or {}).get(section.code, "")) for section in kind.sections],
        "reasons": [(titles.get(code, code), words) for code, words in one.reasons.items()],
        "findings": read_findings(one.findings),
        "pending": one.status == Submission.Status.PENDING,
        "late": _is_late(one, request),
        "certain": one.due_at is None or sla.holidays_known(one.due_at, zone=timezone.get_default_timezone()),
        "before": [(each, titles_of(each)) for each in operator_queries.sent_before(one)],
        "next": operator_queries.next_waiting(one),
        "events": of_moves(moves_of("submission", one.pk), with_notes=True),
        "refused": refused,
        "missing": refused.findings if isinstance(refused, Incomplete) else (),
        "rejecting": bool(refused and refused.code == "review.reasons"),
        "web_report": appeals.about(one).scan if one.kind == "appeal" else None,
        "explained": bool(kind.explained),
        "why": why,
        **review_products.replay_context(one, now=now),
        **review_products.retrofit_context(one),
    }
    status = HTTPStatus(refused.status) if refused else HTTPStatus.OK
    return render(request, "console/review.html", context, status=status)


def titles_of(one: Submission) -> list[tuple[object, str]]:
    """What was said of an earlier one: its reasons by section, or what its checks found."""
    titles = {section.code: section.title for section in review_kind(one.kind).sections}
    said: list[tuple[object, str]] = [(titles.get(code, code), words) for code, words in one.reasons.items()]
    return said + [(titles.get(each.section, ""), str(each.words)) for each in read_findings(one.findings)]
