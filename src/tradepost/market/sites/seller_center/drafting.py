"""The form of a draft submission: it saves itself, keeps invalid values, and shows errors beside their fields.

It is for owners, since it concerns the company itself (business-rules §1.7). Each save names the revision from which it
began. The later of two tabs gets its own input back, with the other tab's values beside it, and decides.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from tradepost.market.base import stored
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import Finding
from tradepost.market.base.numbers import whole_number
from tradepost.market.identity.menus import Menu
from tradepost.market.review import drafts
from tradepost.market.review import submit as sending
from tradepost.market.review.contract import AnyKind, Incomplete, InputKind, Question, TranslatedText
from tradepost.market.review.models import Submission
from tradepost.market.review.registry import review_kinds
from tradepost.market.web import uploads
from tradepost.market.web.refusals import status_of

from . import autosave
from .correcting import remarks_of
from .frame import SellerRequest, or_404, seller_page, show
from .submission_form import LOGO, DraftForm, section_views, ticked_agreements

SUBMIT_LABELS: Mapping[str, TranslatedText] = {
    "enter": gettext_lazy("Submit the application"),
    "company": gettext_lazy("Submit the change"),
    "certify": gettext_lazy("Apply for certification"),
    "exit": gettext_lazy("Apply to leave the store"),
}
"""Label of the submit button."""


def kind_of(name: str) -> AnyKind:
    """Return a kind that is written in a form; 404 for other kinds."""
    kind = review_kinds().get(name)
    return or_404(kind if kind is not None and kind.questions else None)


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.COMPANY, owner=True)
@uploads.takes_pictures(1, proofs=1)
def draft(request: SellerRequest, kind: str) -> HttpResponse:
    submission_kind = kind_of(kind)
    standing = drafts.draft_of(kind, request.seller)
    if request.method != "POST":
        if standing is None:
            return _without_draft(request, kind)
        return _page(request, submission_kind, standing, beside=request.GET.get("check") == "1")
    act = request.POST.get("act", "save")
    if act == "begin":
        return _begin_draft(request, kind)
    if standing is None:
        words = _("This draft was submitted or discarded in another tab.")
        if autosave.is_autosave(request):
            return autosave.closed_response(words)
        messages.warning(request, words)
        return _without_draft(request, kind)
    return _save_draft(request, submission_kind, standing, act)


# decoding takes a second and must not hold SQLite's write lock
draft.own_transactions = True  # type: ignore[attr-defined]


def _begin_draft(request: SellerRequest, kind: str) -> HttpResponse:
    """Begin a draft. If another tab has submitted it by now, show that submission instead."""
    try:
        drafts.begin(kind, request.seller, by=request.user, now=request.now)
    except Refused as refused:
        if refused.code != "submission.open":
            raise
        messages.warning(request, refused.message)
        return _without_draft(request, kind)
    return redirect("seller_center:draft", kind)


def _without_draft(request: SellerRequest, kind: str) -> HttpResponse:
    waiting = drafts.open_submission_of(kind, request.seller)
    return redirect("seller_center:submission", waiting.pk) if waiting else redirect("seller_center:company")


def _save_draft(request: SellerRequest, kind: AnyKind, standing: Submission, act: str) -> HttpResponse:
    """Save the input, then submit it if requested. Input that cannot be submitted is saved as well."""
    typed, quietly = _typed_values(request, kind), autosave.is_autosave(request)
    _store_ticks(request, standing)
    try:
        typed |= _submitted_files(request, kind)
        with transaction.atomic():
            saved = drafts.save(
                standing, typed, revision=whole_number(request.POST.get("revision", "")) or 0, now=request.now
            )
    except Refused as refused:
        if quietly:
            errors = {refused.field: refused.message} if refused.field else {}
            return autosave.not_saved_response(refused.message, errors=errors, conflict=refused.code == "draft.changed")
        return _conflict_page(request, kind, standing, refused, typed)
    if quietly:
        return autosave.saved_response(_saved_message(saved), seen=saved.revision)
    if act != "submit":
        messages.success(request, _("Saved. You can continue later. It is not visible to others until you submit it."))
        return redirect("seller_center:draft", kind.name)
    return _submit_draft(request, kind, saved)


def _submit_draft(request: SellerRequest, kind: AnyKind, saved: Submission) -> HttpResponse:
    agreed = ticked_agreements(request.POST, sending.required_agreements(kind, request.seller, now=request.now))
    try:
        with transaction.atomic():
            sent = sending.submit(saved, by=request.user, agreed=agreed, settings=config(), now=request.now)
    except Incomplete as incomplete:
        return _page(
            request, kind, saved, beside=True, findings=incomplete.findings, status=HTTPStatus.UNPROCESSABLE_ENTITY
        )
    except Refused as refused:
        return _page(request, kind, saved, beside=True, refused=refused, status=status_of(refused))
    request.session.pop(_ticks_key(saved), None)
    return redirect("seller_center:submission", sent.pk)


def _saved_message(draft: Submission) -> str:
    return _("Saved %(time)s") % {"time": f"{timezone.localtime(draft.saved_at):%H:%M}"}


def _ticks_key(draft: Submission) -> str:
    return f"agreed-{draft.pk}"


def _store_ticks(request: SellerRequest, draft: Submission) -> None:
    """Keep ticked agreements in the session: they are not part of a draft, and are accepted only with the submission."""
    ticks = sorted(
        int(key)
        for name, value in request.POST.items()
        if value == "on" and (key := name.removeprefix("agreement_")) != name and whole_number(key)
    )
    if ticks != request.session.get(_ticks_key(draft), []):
        request.session[_ticks_key(draft)] = ticks


def _stored_ticks(request: SellerRequest, draft: Submission) -> frozenset[int]:
    return frozenset(request.session.get(_ticks_key(draft), []))


def _typed_values(request: SellerRequest, kind: AnyKind) -> dict[str, str]:
    """Return the input without NUL, which PostgreSQL cannot store."""
    return {
        name: request.POST[name].replace("\r\n", "\n").replace("\0", "")
        for question in kind.questions
        if not question.look.is_file and (name := question.field) in request.POST
    }


def _submitted_files(request: SellerRequest, kind: AnyKind) -> dict[str, str]:
    """Return the hashes of pictures and documents. Raises ``Refused`` with the field of an invalid file."""
    hashes = {}
    for question in kind.questions:
        if question.look.is_file and question.field in request.POST:
            try:
                hashes[question.field] = _submitted_file(request, question)
            except Refused as refused:
                raise Refused(
                    refused.code, refused.message, refused.status, field=question.field, rule=refused.rule
                ) from None
    return hashes


def _submitted_file(request: SellerRequest, question: Question) -> str:
    name, seller, by, now = question.field, request.seller, request.user, request.now
    if question.look is InputKind.PROOF:
        return uploads.submitted_proof(request, name, seller=seller, by=by, now=now)
    return uploads.submitted_picture(request, name, purpose=LOGO, seller=seller, by=by, now=now)


def _conflict_page(
    request: SellerRequest, kind: AnyKind, standing: Submission, refused: Refused, typed: Mapping[str, str]
) -> HttpResponse:
    """Show the form with the submitted input, and beside it the values saved in the other tab."""
    current_draft = drafts.draft_of(kind.name, request.seller) or standing
    document = stored.load(kind.document, current_draft.document)
    other_values = {
        question.field: str(getattr(document, question.field))
        for question in kind.questions
        if question.field in typed
        and question.look is not InputKind.SECRET
        and typed[question.field] != str(getattr(document, question.field))
    }
    return _page(
        request, kind, current_draft, beside=False, typed=typed, refused=refused,
        others=other_values if refused.code == "draft.changed" else {}, status=status_of(refused),
    )  # fmt: skip


def _page(
    request: SellerRequest,
    kind: AnyKind,
    draft: Submission,
    *,
    beside: bool,
    typed: Mapping[str, str] | None = None,
    findings: Collection[Finding] | None = None,
    refused: Refused | None = None,
    others: Mapping[str, str] | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    document = stored.load(kind.document, draft.document)
    agreements = sending.required_agreements(kind, request.seller, now=request.now)
    if findings is None:
        findings = sending.findings_of(
            draft, agreed={agreement.pk for agreement in agreements}, settings=config(), now=request.now
        )
    form = DraftForm(kind, data={**_initial_values(kind, document), **(typed or {})})
    remarks, agreed = remarks_of(draft.earlier), _stored_ticks(request, draft)
    question_fields = {question.field for question in kind.questions}
    if refused is not None and refused.field:
        findings = [*(findings if beside else ()), _as_finding(kind, refused)]
        beside = True
    sections = section_views(kind, form, document, findings, beside=beside, remarks=remarks, seller=request.seller)
    return show(
        request,
        "seller_center/draft.html",
        status=status,
        kind=kind,
        draft=draft,
        sections=sections,
        agreements=[(agreement, agreement.pk in agreed) for agreement in agreements],
        findings=findings if beside else (),
        loose=[finding for finding in findings if finding.field not in question_fields] if beside else [],
        refused=refused,
        other_labels=[(q.label, others[q.field]) for q in kind.questions if others and q.field in others],
        saved=_saved_message(draft),
        remarks=remarks,
        loose_remarks=[finding for finding in remarks.findings if finding.field not in question_fields]
        if remarks
        else [],
        send=SUBMIT_LABELS.get(kind.name, _("Submit")),
        conditions=[
            finding for finding in findings if finding.field not in question_fields and finding.section != "agreement"
        ],
    )


def _as_finding(kind: AnyKind, refused: Refused) -> Finding:
    """Convert a refusal of a field to a finding, shown beside the field like others."""
    section = next((question.section for question in kind.questions if question.field == refused.field), "")
    return Finding(
        section=section,
        field=refused.field,
        code=refused.code,
        words=refused.message,
        rule=f"§{refused.rule}" if refused.rule else "",
    )


def _initial_values(kind: AnyKind, document: Any) -> dict[str, str]:
    """Return the initial values. A secret is never shown again, not even to its author."""
    return {
        question.field: getattr(document, question.field)
        for question in kind.questions
        if question.look is not InputKind.SECRET and not question.look.is_file
    }


@require_POST
@seller_page(menu=Menu.COMPANY, owner=True)
def discard(request: SellerRequest, kind: str) -> HttpResponse:
    kind_of(kind)
    draft = or_404(drafts.draft_of(kind, request.seller))
    ticks = _ticks_key(draft)
    drafts.discard(draft)
    request.session.pop(ticks, None)
    messages.success(request, _("The draft was discarded."))
    return redirect("seller_center:company")
