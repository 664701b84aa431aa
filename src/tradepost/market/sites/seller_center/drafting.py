"""A seller writes what it will hand in: one long form that saves itself, keeps what is wrong, and says so beside the field.

It is for owners: what concerns the company itself is theirs (business-rules §1.7). Two tabs: each save names the revision that it began from. Who comes second gets the own words back, with what the other tab
saved beside them, and decides.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
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
from tradepost.market.review.contract import AnyKind, Incomplete, Look, Question, Words
from tradepost.market.review.models import Submission
from tradepost.market.review.registry import review_kinds
from tradepost.market.web import uploads

from .correcting import remarks_of
from .frame import SellerRequest, found, seller_page, show
from .submission_form import LOGO, DraftForm, shown_sections, ticked

SEND: Mapping[str, Words] = {
    "enter": gettext_lazy("Apply for entry"),
    "company": gettext_lazy("Apply for the change"),
    "certify": gettext_lazy("Apply for certification"),
    "exit": gettext_lazy("Apply to leave the market"),
}
"""What the button says."""


def kind_of(name: str) -> AnyKind:
    """A kind that is written with a form; 404 for others."""
    kind = review_kinds().get(name)
    return found(kind if kind is not None and kind.questions else None)


@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.COMPANY, owner=True)
@uploads.takes_pictures(1, proofs=1)
def draft(request: SellerRequest, kind: str) -> HttpResponse:
    how = kind_of(kind)
    standing = drafts.draft_of(kind, request.seller)
    if request.method != "POST":
        if standing is None:
            return _not_there(request, kind)
        return _page(request, how, standing, beside=request.GET.get("check") == "1")
    act = request.POST.get("act", "save")
    if act == "begin":
        return _begun(request, kind)
    if standing is None:
        messages.warning(request, _("This draft was sent, or thrown away, in another tab."))
        return _not_there(request, kind)
    return _saved(request, how, standing, act)


draft.own_transactions = True  # type: ignore[attr-defined]  # a second of decoding must not hold the lock of SQLite


def _begun(request: SellerRequest, kind: str) -> HttpResponse:
    """The new draft. Another tab may have sent it by now: that submission is shown instead."""
    try:
        drafts.begin(kind, request.seller, by=request.user, now=request.now)
    except Refused as refused:
        if refused.code != "submission.open":
            raise
        messages.warning(request, refused.message)
        return _not_there(request, kind)
    return redirect("seller_center:draft", kind)


def _not_there(request: SellerRequest, kind: str) -> HttpResponse:
    waiting = drafts.open_of(kind, request.seller)
    return redirect("seller_center:submission", waiting.pk) if waiting else redirect("seller_center:company")


def _saved(request: SellerRequest, kind: AnyKind, standing: Submission, act: str) -> HttpResponse:
    """Keep what was typed, then send it if that was asked for. What cannot be sent is kept all the same."""
    typed, quietly = _typed(request, kind), request.headers.get("HX-Request") == "true"
    try:
        typed |= _files(request, kind)
        with transaction.atomic():
            saved = drafts.save(
                standing, typed, revision=whole_number(request.POST.get("revision", "")) or 0, now=request.now
            )
    except Refused as refused:
        if quietly:
            return render(request, "seller_center/parts/draft_state.html", {"refused": refused, "draft": standing})
        return _refused(request, kind, standing, refused, typed)
    if quietly:
        return render(request, "seller_center/parts/draft_state.html", {"draft": saved})
    if act != "submit":
        messages.success(request, _("Saved. You can go on later; nobody else sees it before you send it."))
        return redirect("seller_center:draft", kind.name)
    return _send(request, kind, saved)


def _send(request: SellerRequest, kind: AnyKind, saved: Submission) -> HttpResponse:
    agreed = ticked(request.POST, sending.wanted_agreements(kind, request.seller, now=request.now))
    try:
        with transaction.atomic():
            sent = sending.submit(saved, by=request.user, agreed=agreed, settings=config(), now=request.now)
    except Incomplete as incomplete:
        return _page(
            request, kind, saved, beside=True, agreed=agreed, findings=incomplete.findings,
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
        )  # fmt: skip
    except Refused as refused:
        return _page(request, kind, saved, beside=True, agreed=agreed, refused=refused, status=refused.status)
    return redirect("seller_center:submission", sent.pk)


def _typed(request: SellerRequest, kind: AnyKind) -> dict[str, str]:
    """NUL is nothing that anybody types, and PostgreSQL keeps none."""
    return {
        name: request.POST[name].replace("\r\n", "\n").replace("\0", "")
        for question in kind.questions
        if not question.look.is_file and (name := question.field) in request.POST
    }


def _files(request: SellerRequest, kind: AnyKind) -> dict[str, str]:
    """The hashes of pictures and documents. Raises ``Refused`` with the field for a file that is none."""
    found = {}
    for question in kind.questions:
        if question.look.is_file and question.field in request.POST:
            try:
                found[question.field] = _file(request, question)
            except Refused as refused:
                raise Refused(
                    refused.code, refused.message, refused.status, field=question.field, rule=refused.rule
                ) from None
    return found


def _file(request: SellerRequest, question: Question) -> str:
    name, seller, by, now = question.field, request.seller, request.user, request.now
    if question.look is Look.PROOF:
        return uploads.handed_in_proof(request, name, seller=seller, by=by, now=now)
    return uploads.handed_in(request, name, purpose=LOGO, seller=seller, by=by, now=now)


def _refused(
    request: SellerRequest, kind: AnyKind, standing: Submission, refused: Refused, typed: Mapping[str, str]
) -> HttpResponse:
    """The own words stay in the form; what the other tab saved stands beside them."""
    there = drafts.draft_of(kind.name, request.seller) or standing
    document = stored.load(kind.document, there.document)
    others = {
        question.field: str(getattr(document, question.field))
        for question in kind.questions
        if question.field in typed
        and question.look is not Look.SECRET
        and typed[question.field] != str(getattr(document, question.field))
    }
    return _page(
        request, kind, there, beside=False, typed=typed, refused=refused,
        others=others if refused.code == "draft.changed" else {}, status=refused.status,
    )  # fmt: skip


def _page(
    request: SellerRequest,
    kind: AnyKind,
    draft: Submission,
    *,
    beside: bool,
    typed: Mapping[str, str] | None = None,
    agreed: Collection[int] = frozenset(),
    findings: Collection[Finding] | None = None,
    refused: Refused | None = None,
    others: Mapping[str, str] | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    document = stored.load(kind.document, draft.document)
    wanted = sending.wanted_agreements(kind, request.seller, now=request.now)
    if findings is None:
        findings = sending.findings_of(draft, agreed={each.pk for each in wanted}, settings=config(), now=request.now)
    form = DraftForm(kind, data={**_initial(kind, document), **(typed or {})})
    remarks = remarks_of(draft.earlier)
    asked = {question.field for question in kind.questions}
    if refused is not None and refused.field:
        findings = [*(findings if beside else ()), _as_finding(kind, refused)]
        beside = True
    sections = shown_sections(kind, form, document, findings, beside=beside, remarks=remarks, seller=request.seller)
    return show(
        request,
        "seller_center/draft.html",
        status=status,
        kind=kind,
        draft=draft,
        sections=sections,
        agreements=[(each, each.pk in agreed) for each in wanted],
        findings=findings if beside else (),
        loose=[each for each in findings if each.field not in asked] if beside else [],
        refused=refused,
        other_labels=[(q.label, others[q.field]) for q in kind.questions if others and q.field in others],
        files=",".join(f"{q.field}_file" for q in kind.questions if q.look.is_file),
        remarks=remarks,
        loose_remarks=[one for one in remarks.findings if one.field not in asked] if remarks else [],
        send=SEND.get(kind.name, _("Send it")),
        conditions=[each for each in findings if each.field not in asked and each.section != "agreement"],
    )


def _as_finding(kind: AnyKind, refused: Refused) -> Finding:
    """A refusal of one field stands beside it, as everything else that is wrong."""
    section = next((each.section for each in kind.questions if each.field == refused.field), "")
    return Finding(
        section=section,
        field=refused.field,
        code=refused.code,
        words=refused.message,
        rule=f"§{refused.rule}" if refused.rule else "",
    )


def _initial(kind: AnyKind, document: Any) -> dict[str, str]:
    """A secret is never given back, not even to the one who typed it."""
    return {
        q.field: getattr(document, q.field) for q in kind.questions if q.look is not Look.SECRET and not q.look.is_file
    }


@require_POST
@seller_page(menu=Menu.COMPANY, owner=True)
def discard(request: SellerRequest, kind: str) -> HttpResponse:
    kind_of(kind)
    drafts.discard(found(drafts.draft_of(kind, request.seller)))
    messages.success(request, _("The draft is thrown away."))
    return redirect("seller_center:company")
