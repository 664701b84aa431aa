"""The form of an appeal against any report: findings, reasons and supporting documents (business-rules §2.7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import stored
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.review.contract import Incomplete
from tradepost.market.review.kinds.appeal.documents import MAX_PROOFS, MAX_TEXT_LENGTH, Appeal
from tradepost.market.review.kinds.appeal.reports import Report, title_of_finding
from tradepost.market.review.models import Submission
from tradepost.market.web import uploads
from tradepost.market.web.refusals import status_of

from .correcting import remarks_of
from .frame import SellerRequest, show


class AppealPage(Struct, frozen=True, kw_only=True):
    """The appeal of a report. ``crumbs``: addresses and labels alternate; ``back``: page of the report; ``said``:
    subject of the appeal; ``last``: the rejected or withdrawn appeal to correct; ``send``: submits the appeal."""

    crumbs: Sequence[str]
    back: str
    name: str
    said: Appeal
    report: Report
    open_one: Submission | None
    last: Submission | None
    send: Callable[[Mapping[str, str], Sequence[str]], object]


def answer(request: SellerRequest, page: AppealPage) -> HttpResponse:
    """Show the form, or process it."""
    if request.method != "POST":
        return _form(request, page, **_earlier_answers(page))
    blocking = [finding.fingerprint for finding in page.report.blocking()]
    typed = {
        fingerprint: request.POST.get(f"why.{fingerprint}", "").replace("\0", "").strip() for fingerprint in blocking
    }
    reasons = {
        fingerprint: typed[fingerprint]
        for fingerprint in blocking
        if page.report.whole or f"finding.{fingerprint}" in request.POST
    }
    try:
        proofs = _submitted_proofs(request)
    except Refused as refused:
        return _form(request, page, whys=reasons, typed=typed, errors={"proofs": refused.message})
    try:
        page.send(reasons, proofs)
    except Incomplete as incomplete:
        errors = {finding.field: finding.words for finding in incomplete.findings}
        return _form(request, page, whys=reasons, typed=typed, proofs=proofs, errors=errors)
    except Refused as refused:
        return _form(
            request,
            page,
            whys=reasons,
            typed=typed,
            proofs=proofs,
            errors={"": refused.message},
            status=status_of(refused),
        )
    messages.success(request, _("Submitted. An operator decides, and you will be notified of the decision."))
    return redirect(page.back)


def _earlier_answers(page: AppealPage) -> dict[str, Any]:
    """Return the reasons and documents of the last appeal, as far as this report has the same findings."""
    if page.last is None:
        return {}
    last_appeal = stored.load(Appeal, page.last.document)
    reasons = {finding.fingerprint: finding.why for finding in last_appeal.findings}
    fingerprints = {finding.fingerprint for finding in page.report.blocking()} & reasons.keys()
    return {"whys": reasons if fingerprints else None, "proofs": last_appeal.proofs}


def _proof_names() -> list[str]:
    return [f"proof{n}" for n in range(MAX_PROOFS)]


def _submitted_proofs(request: SellerRequest) -> list[str]:
    """Return the hashes of new and earlier documents of the form. Raises ``Refused``."""
    hashes = [
        uploads.submitted_proof(request, name, seller=request.seller, by=request.user, now=request.now)
        for name in _proof_names()
    ]
    return [sha256 for sha256 in hashes if sha256]


def _form(
    request: SellerRequest,
    page: AppealPage,
    *,
    whys: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
    proofs: Sequence[str] = (),
    errors: Mapping[str, str] | None = None,
    status: int = HTTPStatus.UNPROCESSABLE_ENTITY,
) -> HttpResponse:
    """Render the form. ``whys``: reasons of chosen findings; ``typed``: reasons of all findings."""
    errors = errors or {}
    rows = [
        {
            "title": title_of_finding(page.said, finding),
            "one": finding,
            "chosen": whys is None or finding.fingerprint in whys,
            "why": (typed or whys or {}).get(finding.fingerprint, ""),
            "error": errors.get(f"why.{finding.fingerprint}", ""),
        }
        for finding in page.report.blocking()
    ]
    fields = [
        uploads.ProofField(
            name=name, label=_("Document %(n)s") % {"n": index + 1}, required=index == 0, action="", asked_by={},
            code="", sha256=proofs[index] if index < len(proofs) else "",
            file=uploads.proof_of(request.seller, proofs[index]) if index < len(proofs) else None,
        )
        for index, name in enumerate(_proof_names())
    ]  # fmt: skip
    return show(
        request, "seller_center/appeal.html", status=status if errors else HTTPStatus.OK, page=page, rows=rows,
        remarks=remarks_of(page.last),
        fields=fields, errors=errors, wrong=page.report.wrong(), whole=page.report.whole, longest=MAX_TEXT_LENGTH,
        days=config().review.review_working_days,
    )  # fmt: skip
