"""A document that the field of a form sends before the form itself; and its seller's download of it."""

from __future__ import annotations

from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tradepost.market.assets.proofs import find_proof
from tradepost.market.base.errors import Refused
from tradepost.market.base.values import replace
from tradepost.market.identity.menus import Menu
from tradepost.market.identity.models import Seller
from tradepost.market.product_types.contract import Proof
from tradepost.market.product_types.registry import product_types
from tradepost.market.review.contract import AnyKind, Look, Question
from tradepost.market.review.registry import review_kinds
from tradepost.market.web import uploads
from tradepost.market.web.uploads import ProofField

from .frame import SellerRequest, seller_page


@require_POST
@seller_page(menu=Menu.PRODUCTS)
@uploads.takes_pictures(0, proofs=1)
def upload(request: SellerRequest) -> HttpResponse:
    """Keep the file of ``field`` and answer the field anew: with the document, or with what is wrong with the file."""
    field = _field(request)
    uploaded = uploads.uploaded_in(request, field.name)
    if uploaded is None:
        return _shown(request, replace(field, error=_("Choose a file.")))
    try:
        kept = uploads.keep_proof(uploaded, seller=request.seller, by=request.user, now=request.now)
    except Refused as refused:
        return _shown(request, replace(field, error=refused.message))
    return _shown(request, replace(field, sha256=kept.sha256, file=kept))


upload.own_transactions = True  # type: ignore[attr-defined]  # hashing twenty megabytes must not hold the lock of SQLite


def proof_field(
    name: str, product_type: str, proof: Proof, *, seller: Seller, sha256: str = "", error: str = ""
) -> ProofField:
    """For ``{% include "web/parts/file_field.html" with upload=… %}`` in a form of this site: what a kind of product asks
    for. A hash of another seller's document counts for nothing."""
    language = get_language()
    field = ProofField(
        name=name, label=proof.label.in_language(language), action=reverse("seller_center:proof_upload"),
        help=proof.help.in_language(language) if proof.help else "", asked_by={"kind": product_type}, code=proof.code,
        error=error, required=proof.required,
    )  # fmt: skip
    return _with_file(field, sha256, seller)


def submission_proof(
    kind: AnyKind, question: Question, *, seller: Seller, sha256: str = "", error: str = ""
) -> ProofField:
    """The same for what a kind of submission asks for."""
    field = ProofField(
        name=question.field, label=str(question.label), action=reverse("seller_center:proof_upload"),
        help=str(question.help), asked_by={"submission": kind.name}, code=question.field, error=error,
        required=question.required,
    )  # fmt: skip
    return _with_file(field, sha256, seller)


def _with_file(field: ProofField, sha256: str, seller: Seller) -> ProofField:
    file = find_proof(sha256, seller=seller) if sha256 else None
    return replace(field, sha256=file.sha256 if file else "", file=file)


def _field(request: SellerRequest) -> ProofField:
    """The field that the file is for; what was kept before stays where the new file is refused."""
    name, code = request.POST.get("field", ""), request.POST.get("proof", "")
    before = request.POST.get(name, "")
    if not uploads.FIELD_NAME.fullmatch(name):
        raise Http404
    if submission := review_kinds().get(request.POST.get("submission", "")):
        question = next((q for q in submission.questions if q.field == code == name and q.look is Look.PROOF), None)
        if not request.rights.owner or question is None:
            raise Http404
        return submission_proof(submission, question, seller=request.seller, sha256=before)
    kind = product_types().get(request.POST.get("kind", ""))
    asked = next((one for one in kind.proofs if one.code == code), None) if kind else None
    if kind is None or asked is None:
        raise Http404
    return proof_field(name, kind.code, asked, seller=request.seller, sha256=before)


def _shown(request: HttpRequest, field: ProofField) -> HttpResponse:
    """A refusal is answered 422, which pages show in place of the field as well."""
    status = HTTPStatus.UNPROCESSABLE_ENTITY if field.error else HTTPStatus.OK
    return render(request, "web/parts/file_field.html", {"upload": field}, status=status)
