"""The form of an appeal, whatever report it is against: findings, why each is mistaken, and what shows it (business-rules §2.7)."""

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
from tradepost.market.review.kinds.appeal.documents import LONGEST, MOST_PROOFS, Appeal
from tradepost.market.review.kinds.appeal.reports import Report, title
from tradepost.market.review.models import Submission
from tradepost.market.web import uploads

from .correcting import remarks_of
from .frame import SellerRequest, show


class Page(Struct, frozen=True, kw_only=True):
    """What one report's appeal looks like. ``crumbs``: address and words by turns; ``back``: where its report is; ``said``: what
    the appeal is about; ``last``: the rejected or withdrawn appeal about the same; ``send``: hands it in."""

    crumbs: Sequence[str]
    back: str
    name: str
    said: Appeal
    report: Report
    open_one: Submission | None
    last: Submission | None
    send: Callable[[Mapping[str, str], Sequence[str]], object]


def answer(request: SellerRequest, page: Page) -> HttpResponse:
    """The form, and what is sent with it."""
    if request.method != "POST":
        return _form(request, page, **_sent_before(page))
    whys = {
        one.fingerprint: request.POST.get(f"why.{one.fingerprint}", "").replace("\0", "").strip()
        for one in page.report.blocking()
        if page.report.whole or f"finding.{one.fingerprint}" in request.POST
    }
    try:
        proofs = _kept(request)
    except Refused as refused:
        return _form(request, page, whys=whys, errors={"proofs": refused.message})
    try:
        page.send(whys, proofs)
    except Incomplete as incomplete:
        errors = {finding.field: finding.words for finding in incomplete.findings}
        return _form(request, page, whys=whys, proofs=proofs, errors=errors)
    except Refused as refused:
        return _form(request, page, whys=whys, proofs=proofs, errors={"": refused.message}, status=refused.status)
    messages.success(request, _("Sent. An operator decides it, and a notice tells you what was decided."))
    return redirect(page.back)


def _sent_before(page: Page) -> dict[str, Any]:
    """What the last appeal said of findings that this report still has, and its documents."""
    if page.last is None:
        return {}
    said = stored.load(Appeal, page.last.document)
    whys = {one.fingerprint: one.why for one in said.findings}
    known = {one.fingerprint for one in page.report.blocking()} & whys.keys()
    return {"whys": whys if known else None, "proofs": said.proofs}


def _names() -> list[str]:
    return [f"proof{n}" for n in range(MOST_PROOFS)]


def _kept(request: SellerRequest) -> list[str]:
    """Documents that came with the form now, or were kept of the last try. Raises ``Refused``."""
    handed = [
        uploads.handed_in_proof(request, name, seller=request.seller, by=request.user, now=request.now)
        for name in _names()
    ]
    return [sha256 for sha256 in handed if sha256]


def _form(
    request: SellerRequest,
    page: Page,
    *,
    whys: Mapping[str, str] | None = None,
    proofs: Sequence[str] = (),
    errors: Mapping[str, str] | None = None,
    status: int = HTTPStatus.UNPROCESSABLE_ENTITY,
) -> HttpResponse:
    errors = errors or {}
    rows = [
        {
            "title": title(page.said, one),
            "one": one,
            "chosen": whys is None or one.fingerprint in whys,
            "why": (whys or {}).get(one.fingerprint, ""),
            "error": errors.get(f"why.{one.fingerprint}", ""),
        }
        for one in page.report.blocking()
    ]
    fields = [
        uploads.ProofField(
            name=name, label=_("Document %(n)s") % {"n": n + 1}, required=n == 0, action="", asked_by={}, code="",
            sha256=proofs[n] if n < len(proofs) else "",
            file=uploads.proof_of(request.seller, proofs[n]) if n < len(proofs) else None,
        )
        for n, name in enumerate(_names())
    ]  # fmt: skip
    return show(
        request, "seller_center/appeal.html", status=status if errors else HTTPStatus.OK, page=page, rows=rows,
        remarks=remarks_of(page.last),
        fields=fields, errors=errors, wrong=page.report.wrong(), whole=page.report.whole, longest=LONGEST,
        days=config().review_working_days,
    )  # fmt: skip
